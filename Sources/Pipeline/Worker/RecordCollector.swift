import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka

/// What a worker writes: begins a transaction with the first record, ends it by commit or abort.
final class RecordCollector {
  private let log: any Log
  private let transactionalID: String
  private let configuration: Configuration
  private let deltaPartitions: Int32
  private let recordLimit: (String) -> Int
  private var producer: any LogProducer
  private(set) var isOpen = false
  /// Dead letters that were committed, and those of the open transaction.
  private(set) var unusable: [WorkerCounters.Unusable: Int] = [:]
  private var uncommittedUnusable: [WorkerCounters.Unusable: Int] = [:]
  private var value: [UInt8] = []
  private var attribution: AttributionWriter
  private var accepted: AcceptedWriter
  private var deltas: DeltaBatches
  private var statuses = StatusReports()

  /// Makes the producer, which ends what a former one of the same id left open.
  ///
  /// - Parameters:
  ///   - schema: the number of the Avro schema of attributions; nil for JSON.
  ///   - recordLimit: how large a record a topic takes, in bytes.
  init(
    log: any Log, transactionalID: String, configuration: Configuration, deltaPartitions: Int32,
    schema: Int32? = nil,
    recordLimit: @escaping (String) -> Int = { _ in TopicPlan.usualRecordLimit }
  ) throws {
    self.recordLimit = recordLimit
    self.log = log
    self.transactionalID = transactionalID
    self.configuration = configuration
    self.deltaPartitions = deltaPartitions
    let definitions = configuration.definitions
    attribution = AttributionWriter(
      models: definitions.models, currency: definitions.currency, schema: schema)
    accepted = AcceptedWriter(definitions: definitions)
    deltas = DeltaBatches(views: definitions.views, partitionCount: deltaPartitions)
    producer = try log.makeProducer(transactionalID: transactionalID)
  }

  /// The producer, in an open transaction.
  func transaction() throws -> any LogProducer {
    if !isOpen {
      try producer.begin()
      isOpen = true
    }
    return producer
  }

  /// Commits the open transaction with the offsets of everything that it holds.
  ///
  /// - Throws: a `OperatorError` where there are no offsets. They are what the broker checks the member's place in
  ///   the group by: without any, a member that has lost its partitions could still commit.
  func commit(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {
    guard !offsets.isEmpty else {
      throw OperatorError("a transaction without offsets is not committed: nothing would fence it")
    }
    let producer = try transaction()
    try producer.sendOffsets(offsets, of: consumer)
    try producer.commit()
    isOpen = false
    guard !uncommittedUnusable.isEmpty else { return }
    unusable.merge(uncommittedUnusable, uniquingKeysWith: +)
    uncommittedUnusable.removeAll(keepingCapacity: true)
  }

  func abort() throws {
    guard isOpen else { return }
    isOpen = false
    uncommittedUnusable.removeAll()
    try producer.abort()
  }

  /// Replaces the producer when it is unknown what became of its transaction: the new one's start
  /// ends that and fences the old.
  func renew() throws {
    isOpen = false
    uncommittedUnusable.removeAll()
    producer.close()
    producer = try log.makeProducer(transactionalID: transactionalID)
  }

  func close() { producer.close() }

  // MARK: Records

  /// Sends a record that can never be used to the dead letters, with what is wrong with it.
  func setAside(_ record: Record, from source: TopicPartition, _ rejection: Rejection) throws {
    let kind = WorkerCounters.Unusable(
      topic: source.topic, reason: rejection.reason.rawValue,
      field: rejection.fieldName(configuration.definitions) ?? "")
    uncommittedUnusable[kind, default: 0] += 1
    try setAside(
      record, to: configuration.topics.deadLetters,
      SideHeaders.of(rejection, configuration.definitions),
      SideHeaders.source(source, record))
  }

  /// Sends an event to those that wait for a backfill: its record as it came, or the event with its pseudonyms.
  func setAsideTooLate(
    _ record: Record, _ event: UnsafePointer<Event>, from source: TopicPartition
  ) throws {
    let topic = configuration.topics.lateEvents
    let origin = SideHeaders.source(source, record)
    guard hidesIDs else {
      return try setAside(record, to: topic, [SideHeaders.tooLate], origin)
    }
    accepted.write(event, isLate: true, replaces: nil)
    try transaction().produce(
      topic, partition: nil, key: AcceptedWriter.key(of: event), value: accepted.bytes,
      timestamp: record.timestamp < 0 ? nil : record.timestamp,
      headers: [
        Header(name: RewrittenEvent.header, value: Array("true".utf8)), SideHeaders.tooLate,
      ]
        + origin)
  }

  /// Whether user ids are written nowhere.
  private var hidesIDs: Bool { configuration.definitions.pseudonymKey != nil }

  /// Sends a record aside with its bytes untouched, as far as its topic takes them, or without them
  /// (``FittedRecord``).
  private func setAside(
    _ record: Record, to topic: String, _ reason: [Header], _ source: [Header]
  ) throws {
    let added = reason + source
    // Of what cannot be read nobody knows where the ids are.
    let fitted =
      hidesIDs
      ? FittedRecord(withoutContent: record.value, added: added)
      : FittedRecord(
        key: record.key, value: record.value, own: record.headers(), added: added,
        limit: recordLimit(topic))
    try transaction().produce(
      topic, partition: nil, key: fitted.key, value: fitted.value,
      timestamp: record.timestamp < 0 ? nil : record.timestamp, headers: fitted.headers)
  }

  /// Sends a delta with others of its partition, by the next `sendDeltas` at the latest.
  func add(_ delta: RollupDelta) throws {
    if let full = deltas.add(delta) { try sendBatch(full) }
  }

  /// Sends every delta that was added.
  func sendDeltas() throws {
    for partition in deltas.filled { try sendBatch(partition) }
  }

  /// Forgets the deltas that were added and not sent, and what was told of tasks: those of a transaction that came to
  /// nothing.
  func dropDeltas() {
    deltas.removeAll()
    statuses.removeAll()
  }

  private func sendBatch(_ partition: Int) throws {
    let producer = try transaction()
    try DeltaWire.batchKey.withUnsafeBytes { key in
      try deltas.withValue(of: partition) { value in
        try producer.produce(
          configuration.deltasTopic, partition: Int32(partition), key: key, value: value,
          timestamp: nil, headers: [])
      }
    }
    deltas.removeAll(of: partition)
  }

  func send(_ conversion: CreditedConversion) throws {
    attribution.write(conversion)
    try transaction().produce(
      configuration.topics.attributions, partition: nil, key: conversion.conversionID.buffer,
      value: attribution.bytes, timestamp: nil, headers: [])
  }

  /// Sends an event that counted to the deduped stream.
  func send(
    _ event: UnsafePointer<Event>, isLate: Bool, replaces: Int32?, to topic: String
  ) throws {
    accepted.write(event, isLate: isLate, replaces: replaces)
    try transaction().produce(
      topic, partition: nil, key: AcceptedWriter.key(of: event), value: accepted.bytes,
      timestamp: nil, headers: [])
  }

  /// Tells every partition of the deltas how a task stands, with the others of the commit: by the next `sendStatuses`.
  func broadcast(_ report: StatusReport) { statuses.add(report) }

  /// Tells when events were accepted, where the task's status is no news.
  func measure(_ report: StatusReport) { statuses.add(measuring: report) }

  /// Sends what was told of tasks: one record for each partition of the deltas.
  func sendStatuses() throws {
    guard !statuses.isEmpty else { return }
    let producer = try transaction()
    try DeltaWire.statusesKey.withUnsafeBytes { key in
      try statuses.forEachValue(deltaPartitions) { partition, value in
        try producer.produce(
          configuration.deltasTopic, partition: partition, key: key, value: value, timestamp: nil,
          headers: [])
      }
    }
    statuses.removeAll()
  }

  /// Tells every partition of the deltas what a task has lost of its input.
  func broadcast(lost: [LostRange], ofTask task: TaskID) throws {
    try broadcast(lost: lost, of: "\(task)")
  }

  /// - Parameter loser: names a task, or another reader of inputs.
  func broadcast(lost: [LostRange], of loser: String) throws {
    value.removeAll(keepingCapacity: true)
    DeltaWire.encode(lost, into: &value)
    let producer = try transaction()
    for partition in 0..<deltaPartitions {
      try DeltaWire.lostKey(loser).withUnsafeBytes { key in
        try value.withUnsafeBytes { value in
          try producer.produce(
            configuration.deltasTopic, partition: partition, key: key, value: value,
            timestamp: nil, headers: [])
        }
      }
    }
  }
}
