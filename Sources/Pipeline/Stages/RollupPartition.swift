import Attribution
import Codec
import Configuration
import Kafka

// Safety: as for `Input`: records are lent by the reader until the next read.

/// One partition of the deltas bound to the rollups that it feeds.
final class RollupPartition {
  let source: TopicPartition
  let table: RollupTable
  /// Read up to here and no further; nil without an end.
  var stop: Int64?
  private(set) var position: Int64
  private(set) var openRecords = 0

  private let reader: any LogReader
  private let configuration: Configuration
  private let codec: RollupCodec
  private let periods: [String: (dimensions: Int, period: Milliseconds)]
  private let fingerprint: DefinitionsFingerprint
  private var committedPosition: Int64
  private var sums: [Int64]
  private var metEnd: Int64?
  private var pending = 0
  private var available = 0
  /// The end of a window that has left memory and that the next delta concerns.
  private var forgottenWindowEnd: Milliseconds?
  private var publishedFinal: Watermark = .unknown
  private var publishedTasks: [Int32: TaskStatus] = [:]
  private let meter: Meter
  /// Of the events that the next commit counts.
  private var acceptanceTimes = AcceptanceTimes()

  init(
    source: TopicPartition, reader: any LogReader, configuration: Configuration, taskCount: Int32,
    start: Int64, meter: Meter
  ) {
    self.source = source
    self.reader = reader
    self.configuration = configuration
    self.meter = meter
    position = start
    committedPosition = start
    fingerprint = ProgressHeader.fingerprint(of: configuration)
    codec = RollupCodec(definitions: configuration.definitions)
    table = RollupTable(definitions: configuration.definitions, taskCount: Int(taskCount))
    periods = Dictionary(
      uniqueKeysWithValues: configuration.definitions.views.map {
        ($0.name, ($0.dimensions.count, $0.periodMilliseconds))
      })
    sums = Array(
      repeating: 0, count: SumsLayout(modelCount: configuration.definitions.models.count).width)
  }

  var isFinished: Bool { stop.map { position >= $0 } ?? false }

  var hasChanges: Bool {
    openRecords > 0 || table.hasChanges || table.finalThrough != publishedFinal
      || (isFinished && position != committedPosition)
  }

  // MARK: Deltas in

  /// Whether the next delta concerns a window that has left memory. Commit, then `reload`.
  var waitsForReload: Bool { forgottenWindowEnd != nil }

  /// Records from the next one to the end of the log, as far as the last fetch knows.
  var lag: Int64? {
    if pending == available, metEnd != nil { return 0 }
    return reader.knownEnd.map { max(0, $0 - position) }
  }

  /// Applies what has arrived, up to a delta that needs a reload first.
  ///
  /// - Returns: the number of records taken.
  func advance(limit: Int) throws -> Int {
    var taken = 0
    while taken < limit {
      if pending == available {
        available = try reader.read()
        pending = 0
        if let end = reader.metEnd { metEnd = end } else if available > 0 { metEnd = nil }
        if available == 0 {
          // Steps over what is not a record: the marks of transactions.
          if let metEnd { position = max(position, metEnd) }
          break
        }
        guard reader[0].offset >= position else {
          throw PipelineError.shortened(source, to: reader[0].offset, processed: position)
        }
      }
      let record = reader[pending]
      forgottenWindowEnd = try apply(record)
      if waitsForReload { break }
      pending += 1
      position = record.offset + 1
      taken += 1
      openRecords += 1
    }
    return taken
  }

  /// Applies one record; returns the window's end if its rollup has left memory.
  private func apply(_ record: Record) throws -> Milliseconds? {
    guard let key = record.key, let value = record.value else { return nil }
    if let task = DeltaWire.task(ofKey: key) {
      table.update(task: task, try DeltaWire.decodeStatus(value))
      acceptanceTimes.append(AcceptanceTimes(record.headers()))
      return nil
    }
    try DeltaWire.decode(value, into: &sums)
    let identity = Hash128(BorrowedBytes(key))
    guard !sums.withUnsafeBufferPointer({ table.addIfKnown(identity, sums: $0) }) else {
      return nil
    }
    let (decoded, windowEnd) = try decode(key)
    if table.forgottenThrough.isKnown && windowEnd <= table.forgottenThrough.time {
      return windowEnd
    }
    table.insert(identity, key: decoded, windowEnd: windowEnd)
    sums.withUnsafeBufferPointer { table.add(identity, sums: $0) }
    return nil
  }

  private func decode(_ key: UnsafeRawBufferPointer) throws -> (
    key: RollupKey, windowEnd: Milliseconds
  ) {
    let name = String(decoding: key.prefix { $0 != UInt8(ascii: "|") }, as: UTF8.self)
    guard let (dimensions, period) = periods[name],
      let decoded = try? RollupKeyCodec.decode(key, dimensionCount: dimensions)
    else {
      throw PipelineError(
        "the topic \(source.topic) holds a delta of view \"\(name)\", which is not configured; "
          + "use a new application_id when views change")
    }
    return (decoded, decoded.windowStart + period)
  }

  // MARK: Rollups out

  /// Writes every changed rollup and how far finality has come.
  func writeEffects(to producer: any LogProducer) throws {
    var key: [UInt8] = []
    var value: [UInt8] = []
    try table.publish { (rollup: Rollup) throws(any Error) in
      count(rollup)
      key.removeAll(keepingCapacity: true)
      value.removeAll(keepingCapacity: true)
      RollupKeyCodec.encode(rollup.key, into: &key)
      codec.encode(rollup, into: &value)
      try send(key, value, [], to: producer)
    }
    guard table.finalThrough != publishedFinal || table.tasks != publishedTasks else { return }
    key.removeAll(keepingCapacity: true)
    value.removeAll(keepingCapacity: true)
    ProgressCodec.encodeKey(partition: source.partition, into: &key)
    // Before anything is final, the record still carries the tasks: no window ends this early.
    ProgressCodec.encode(
      finalThrough: max(table.finalThrough.time, Time.earliest), into: &value)
    let header = Header(
      name: ProgressHeader.name, value: ProgressHeader.encode(table, fingerprint: fingerprint))
    try send(key, value, [header], to: producer)
    publishedFinal = table.finalThrough
    publishedTasks = table.tasks
  }

  /// - Parameter now: when the broker had confirmed the commit.
  func didCommit(now: Milliseconds) {
    openRecords = 0
    committedPosition = position
    acceptanceTimes.observe(now: now, in: &meter.counters.endToEndTime)
    acceptanceTimes.removeAll()
  }

  /// A window published as final before this commit is restated by it.
  private func count(_ rollup: Rollup) {
    meter.uncommitted.rollupsPublished += 1
    guard publishedFinal.isKnown, rollup.windowEnd <= publishedFinal.time else { return }
    let age = table.finalThrough.time - rollup.windowEnd
    meter.uncommitted.restatementAge.observe(Double(age) / 1_000)
  }

  private func send(
    _ key: [UInt8], _ value: [UInt8], _ headers: [Header], to producer: any LogProducer
  ) throws {
    try key.withUnsafeBytes { key in
      try value.withUnsafeBytes { value in
        try producer.produce(
          configuration.topics.rollups, partition: source.partition, key: key, value: value,
          timestamp: nil, headers: headers)
      }
    }
  }

  // MARK: Restore

  /// Takes back what this partition of the rollups topic holds and can still change, in one pass.
  func restore(from log: any Log) throws {
    let partition = TopicPartition(topic: configuration.topics.rollups, partition: source.partition)
    var found = FoundRollups(codec)
    try log.readThrough(partition) { record in
      guard let key = record.key else { return }
      if ProgressCodec.decodeKey(key) == source.partition {
        let header = record.headers().first { $0.name == ProgressHeader.name }
        guard let value = header?.value else { return }
        let (finalThrough, tasks) = try value.withUnsafeBytes {
          try ProgressHeader.decode($0, fingerprint: fingerprint, topic: partition.topic)
        }
        table.restore(finalThrough: finalThrough, tasks: tasks)
      } else if let value = record.value, let windowEnd = windowEnd(ofKey: key) {
        try found.add(key, value, windowEnd: windowEnd, forgettable: table.forgettable(at:))
      }
    }
    publishedFinal = table.finalThrough
    publishedTasks = table.tasks
    try found.visit { try restore($0, $1) }
  }

  /// Loads back everything from the forgotten window on.
  func reload(from log: any Log) throws {
    guard let windowEnd = forgottenWindowEnd else { return }
    forgottenWindowEnd = nil
    table.prepareReload(endingAfter: windowEnd - 1)
    try load(from: log)
  }

  private func load(from log: any Log) throws {
    let partition = TopicPartition(topic: configuration.topics.rollups, partition: source.partition)
    try log.readThrough(partition) { record in
      guard let key = record.key, let value = record.value else { return }
      try restore(key, value)
    }
  }

  private func restore(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws {
    guard let windowEnd = windowEnd(ofKey: key),
      !table.forgottenThrough.isKnown || windowEnd > table.forgottenThrough.time
    else { return }
    table.restore(try codec.decode(value), identity: Hash128(BorrowedBytes(key)))
  }

  /// Nil for what is not the key of a rollup.
  private func windowEnd(ofKey key: UnsafeRawBufferPointer) -> Milliseconds? {
    key.first == UInt8(ascii: "@") ? nil : try? decode(key).windowEnd
  }
}
