import Configuration
import Kafka
import Logging

/// The log of a Kafka cluster.
///
/// Shared by all workers: it only makes clients, each of which belongs to the worker that asked.
public struct KafkaLog: ArchiveLog {
  private let configuration: Configuration
  private let logger: Logger
  private let plan: TopicPlan
  private let prefetch: Prefetch
  private let turns = FetchTurns()
  public let prober: any LogProber

  public init(_ configuration: Configuration, plan: TopicPlan, logger: Logger) {
    self.configuration = configuration
    self.plan = plan
    self.logger = logger
    prober = KafkaLogProber(configuration, logger: logger)
    // Costs and deltas hardly count: they are a trickle beside the keyed inputs.
    prefetch = Prefetch(
      partitions: Int(plan.taskCount) * plan.inputTopics.filter { !$0.isCosts }.count)
  }

  public func makeConsumer(group: String, member: String) throws -> any LogConsumer {
    var settings = ClientSettings.member(configuration, prefetch: prefetch)
    settings["group.id"] = group
    if !member.isEmpty { settings["group.instance.id"] = member }
    return KafkaLogConsumer(
      try Consumer(settings, logger: logger),
      start: StaggeredStart(prefetch: prefetch, turns: turns))
  }

  public func makeProducer(transactionalID: String) throws -> any LogProducer {
    let producer = try TransactionalProducer(
      ClientSettings.transactions(configuration, plan, id: transactionalID), logger: logger,
      produceTimeoutMilliseconds: Timeout.call)
    let retry = Retry(limit: .milliseconds(Timeout.initialization), logger: logger)
    try retry { () throws(KafkaError) in
      try producer.initTransactions(timeoutMilliseconds: Timeout.initialization)
    }
    return KafkaLogProducer(producer, plan, logger: logger) {
      ClientSettings.topic($0, configuration)
    }
  }

  public func scan(from starts: [TopicPartition: Int64]) throws -> any LogScan {
    try scan(from: starts, to: try ends(of: Array(starts.keys)))
  }

  public func scan(
    from starts: [TopicPartition: Int64], to ends: [TopicPartition: Int64]
  ) throws -> any LogScan {
    try KafkaLogScan(starts, ends: ends, configuration, logger: logger)
  }
}

extension KafkaLog {
  public func partitionCount(of topic: String) throws -> Int {
    try withProbe { try $0.partitionCount(of: topic, timeoutMilliseconds: Timeout.call) ?? 0 }
  }

  public func starts(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try withProbe { probe in
      try Dictionary(
        uniqueKeysWithValues: partitions.map {
          ($0, try probe.watermarkOffsets($0, timeoutMilliseconds: Timeout.call).low)
        })
    }
  }

  public func offsets(
    of partitions: [TopicPartition], atOrAfter time: Int64
  ) throws -> [TopicPartition: Int64] {
    let times = Dictionary(uniqueKeysWithValues: partitions.map { ($0, max(0, time)) })
    return try withProbe { try $0.offsets(forTimes: times, timeoutMilliseconds: Timeout.call) }
  }

  public func makeCompactedTopic(_ name: String) throws {
    let admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
    let topic = TopicSpecification(
      name: name, partitions: 1, replicationFactor: -1, settings: ["cleanup.policy": "compact"])
    _ = try admin.makeTopics([topic], logger: logger)
  }

  private func withProbe<Result>(_ body: (Consumer) throws -> Result) throws -> Result {
    let probe = try Consumer(ClientSettings.probe(configuration), logger: logger)
    defer { probe.close(timeoutMilliseconds: 0) }
    return try body(probe)
  }

  public func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try withProbe { try $0.endOffsets(partitions, timeoutMilliseconds: Timeout.call) }
  }

  public func deleteRecords(before offsets: [TopicPartition: Int64]) throws {
    let admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
    try admin.deleteRecords(before: offsets, timeoutMilliseconds: Timeout.tidying)
  }
}

/// How long calls to the broker may take, in milliseconds.
enum Timeout {
  static let call: Int32 = 15_000
  /// A commit that is not answered is asked for again until the brokers have ended the transaction.
  static let commit: Int32 = 12_000
  static let commitInAll = Duration.seconds(25)
  static let initialization: Int32 = 30_000
  /// For what the client's own threads do, without a broker.
  static let seek: Int32 = 5_000
  /// For what can as well be done later.
  static let tidying: Int32 = 5_000
  /// For leaving the group; who cannot say goodbye is missed when its session times out.
  static let leave: Int32 = 3_000
}

final class KafkaLogConsumer: LogConsumer {
  let consumer: Consumer
  private var start: StaggeredStart
  private var reminder = FetchReminder()
  private var failure: (any Error)?

  init(_ consumer: Consumer, start: StaggeredStart) {
    self.consumer = consumer
    self.start = start
  }

  func subscribe(_ topics: [String], onRebalance: @escaping (Rebalance) -> Void) throws {
    // Nothing is read before `reader` says from where: what the group has committed is not all that decides.
    try consumer.subscribe(topics, startsPaused: true) { [unowned self] event in
      switch event {
      case .assigned(let partitions):
        do {
          try consumer.pause(partitions)
          start.reset()
          reminder.watch(partitions, of: consumer)
        } catch { failure = error }
        onRebalance(.assigned(partitions))
      case .revoked(let partitions): onRebalance(.revoked(partitions))
      case .lost(let partitions): onRebalance(.lost(partitions))
      }
    }
  }

  func poll() throws {
    try consumer.poll()
    // Once: whoever goes on after it has dealt with it.
    if let failure = failure.take() { throw failure }
    try start.proceed(consumer)
    reminder.remind(consumer)
  }

  func wait(milliseconds: Int32) { consumer.waitForArrival(timeoutMilliseconds: milliseconds) }
  var waker: @Sendable () -> Void { { [consumer] in consumer.wake() } }
  func close() { consumer.close(timeoutMilliseconds: Timeout.leave) }

  func reader(
    of partition: TopicPartition, from offset: Int64, end: Int64
  ) throws -> any LogReader {
    guard let queue = consumer.queue(for: partition) else {
      throw PipelineError("\(partition) is not assigned to this worker")
    }
    try consumer.pause([partition])
    try consumer.seek(partition, to: offset, timeoutMilliseconds: Timeout.seek)
    try start.add(partition, backlog: end - offset, of: consumer)
    return KafkaLogReader(consumer, queue)
  }

  func startOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    let committed = try consumer.committed(partitions, timeoutMilliseconds: Timeout.call)
    var starts: [TopicPartition: Int64] = [:]
    for partition in partitions {
      if let offset = committed[partition] ?? nil {
        starts[partition] = offset
      } else {
        starts[partition] = try consumer.watermarkOffsets(
          partition, timeoutMilliseconds: Timeout.call
        ).low
      }
    }
    return starts
  }
}

final class KafkaLogReader: LogReader {
  /// Records per read: enough to amortise the call, few enough to keep rows in cache.
  private static let batchSize = 256

  private let consumer: Consumer
  private let queue: PartitionQueue
  private let batch = RecordBatch(capacity: batchSize)

  init(_ consumer: Consumer, _ queue: PartitionQueue) {
    self.consumer = consumer
    self.queue = queue
  }

  func read() throws -> Int { try queue.read(into: batch) }
  subscript(index: Int) -> Record { batch[index] }
  func visit(count: Int, _ body: (Record) -> Bool) { batch.visit(body) }
  var metEnd: Int64? { batch.endOffset }
  var isPaused: Bool { queue.isPaused }
  var knownEnd: Int64? { consumer.knownEndOffset(of: queue.topicPartition) }
}

final class KafkaLogProducer: LogProducer {
  private let producer: TransactionalProducer
  private let plan: TopicPlan
  private let logger: Logger
  private let properties: (String) -> [String: String]
  private var topics: [String: ProducerTopic] = [:]
  private var last: (name: String, topic: ProducerTopic)?

  /// - Parameter properties: of a topic, where they differ from the producer's.
  init(
    _ producer: TransactionalProducer, _ plan: TopicPlan, logger: Logger,
    properties: @escaping (String) -> [String: String]
  ) {
    self.producer = producer
    self.plan = plan
    self.logger = logger
    self.properties = properties
  }

  func begin() throws { try producer.begin() }

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    try producer.produce(
      try handle(topic), partition: partition ?? -1, key: key, value: value, timestamp: timestamp,
      headers: headers)
  }

  /// Records come in runs of one topic.
  private func handle(_ topic: String) throws -> ProducerTopic {
    if last?.name == topic { return last!.topic }
    let found = try topics[topic] ?? producer.topic(topic, properties: properties(topic))
    topics[topic] = found
    last = (topic, found)
    return found
  }

  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {
    guard let consumer = consumer as? KafkaLogConsumer else {
      preconditionFailure("offsets of another log's consumer")
    }
    let group = consumer.consumer.groupMetadata()
    try explained {
      try Retry(limit: .milliseconds(Timeout.call), logger: logger).again {
        () throws(KafkaError) in
        try producer.sendOffsets(offsets, group: group, timeoutMilliseconds: Timeout.call)
      }
    }
  }

  func commit() throws {
    try explained {
      try Retry(limit: Timeout.commitInAll, logger: logger).again(timeouts: true) {
        () throws(KafkaError) in
        try producer.commit(timeoutMilliseconds: Timeout.commit)
      }
    }
  }

  /// Runs a call of a transaction. A record that its topic refuses for its size would be refused again, and
  /// what librdkafka says of it then names neither.
  private func explained(_ body: () throws -> Void) throws {
    do { try body() } catch let error as KafkaError {
      guard let topic = producer.topicThatRefusedASize else { throw error }
      throw PipelineError.recordTooLarge(topic, limit: plan.recordLimit(of: topic))
    }
  }

  func abort() throws { try producer.abort(timeoutMilliseconds: Timeout.call) }
  func close() { producer.close() }
}

extension Retry {
  /// Makes a transaction's call again where librdkafka says that it may be, and nothing else.
  ///
  /// - Parameter timeouts: also when there was no answer in time: a commit that is asked for again goes on where
  ///   it was, and no other transaction begins meanwhile that a late request could land in.
  fileprivate func again(
    timeouts: Bool = false, _ call: () throws(KafkaError) -> Void
  ) throws(KafkaError) {
    let outcome = try self { () throws(KafkaError) -> KafkaError? in
      do throws(KafkaError) { try call() } catch {
        let mayRepeat =
          error.disposition == .retriable
          || timeouts && error.disposition == .timedOut && error.isRetriable
        guard mayRepeat else { return error }
        throw error
      }
      return nil
    }
    if let outcome { throw outcome }
  }
}
