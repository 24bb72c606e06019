// Safety: `@unchecked Sendable` because a file log, its clients and the workers that they belong to
// live on one thread.

import Attribution
import Cluster
import Configuration
import Kafka

/// Files as the logs that the workers read and write: the same engine without a broker.
///
/// The inputs are files, one partition each. Deltas go through memory, rollups and attributions into
/// a store that keeps the newest of each key, dead letters and late events are counted, and the state's
/// changelog is dropped: a run that is cut off begins again. Nothing fails on the way, so a transaction
/// has nothing to take back.
final class FileLog: Log, @unchecked Sendable {
  /// How far the keyed inputs may be ahead of the costs, by event time. Rollups stay in memory for
  /// longer, so that costs seldom come for one that has left it.
  private static let leadOverCosts: Milliseconds = 3_600_000

  let configuration: Configuration
  let deltas = DeltaQueue()
  let store: ResultStore
  let keepsAttributions: Bool
  fileprivate(set) var rejected = RejectedRecords()
  private let merges: [EventKind: FileMerge]
  private var inputs: [EventKind: FileInput] = [:]

  /// - Parameters:
  ///   - merges: by kind; a kind without files has an empty one.
  ///   - timestamp: what records carry as their own: decides which events lie in the future.
  init(
    _ configuration: Configuration, files: [EventKind: [InputFile]], store: ResultStore,
    keepsAttributions: Bool, timestamp: Milliseconds
  ) throws {
    self.configuration = configuration
    self.store = store
    self.keepsAttributions = keepsAttributions
    var merges: [EventKind: FileMerge] = [:]
    for input in configuration.inputTopics {
      let kind = input.kinds[0]
      merges[kind] = try FileMerge(kind, files[kind] ?? [], configuration.definitions)
    }
    self.merges = merges
    for (kind, merge) in merges {
      inputs[kind] = FileInput(
        kind, files[kind] ?? [], merge, configuration.definitions, timestamp: timestamp
      ) {
        [unowned self] in isTurn(of: kind)
      }
    }
  }

  var plan: TopicPlan {
    TopicPlan(
      inputTopics: configuration.inputTopics, taskCount: 1,
      costPartitions: configuration.topics.costs == nil ? 0 : 1, rollupPartitions: 1)
  }

  /// Bytes of all files taken so far, as they lie on the disk.
  var consumed: Int64 { merges.values.reduce(0) { $0 + $1.consumed } }

  /// Records of each kind that were passed over because they are for no entry of `inputs`.
  var filteredCounts: [EventKind: Int] { merges.mapValues(\.filteredCount) }

  /// What the owner of the files should know about them.
  var warnings: [String] { EventKind.allCases.flatMap { merges[$0]?.warnings ?? [] } }

  /// Whether an input may be read: neither costs nor touches run away from one another. One of them
  /// always may.
  private func isTurn(of kind: EventKind) -> Bool {
    let keyed = merges.filter { $0.key != .cost }.values.map(\.time).min() ?? .max
    let costs = merges[.cost]?.time ?? .max
    if kind == .cost { return costs <= keyed }
    let (limit, isUnlimited) = costs.addingReportingOverflow(FileLog.leadOverCosts)
    return isUnlimited || keyed <= limit
  }

  func kind(ofTopic name: String) -> EventKind? {
    configuration.inputTopics.first { $0.name == name }?.kinds[0]
  }

  func reader(of partition: TopicPartition) -> any LogReader {
    guard let kind = kind(ofTopic: partition.topic) else { return deltas }
    return inputs[kind]!
  }

  func setAside(_ headers: [Header]) {
    func text(_ name: String) -> String? {
      headers.last { $0.name == name }.map { String(decoding: $0.value ?? [], as: UTF8.self) }
    }
    guard let kind = kind(ofTopic: text("source_topic") ?? ""),
      let offset = Int64(text("source_offset") ?? ""), let reason = text("reason"),
      let input = inputs[kind]
    else { return }
    if reason == "too_late" {
      rejected.addTooLate(kind, at: input.place(of: offset))
    } else {
      let complaint = input.complaint(
        about: offset, reason, field: text("field"), detail: text("detail"))
      rejected.add(kind, complaint, reason, at: input.place(of: offset))
    }
  }

  // MARK: Log

  func makeConsumer(group: String, member: String) throws -> any LogConsumer {
    FileLogConsumer(self)
  }

  func makeProducer(transactionalID: String) throws -> any LogProducer { FileLogProducer(self) }

  func scan(from starts: [TopicPartition: Int64]) throws -> any LogScan { FileLogScan(self) }

  func scan(
    from starts: [TopicPartition: Int64], to ends: [TopicPartition: Int64]
  ) throws -> any LogScan { FileLogScan(self) }

  var prober: any LogProber { FileLogProber(self) }

  fileprivate func readThrough(
    _ partition: TopicPartition, _ body: (Record) throws -> Void
  ) throws {
    guard partition.topic == configuration.topics.rollups else { return }
    try store.forEachRollup { key, value in
      try body(Record(partition: 0, offset: 0, timestamp: -1, key: key, value: value))
    }
  }

  func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    Dictionary(
      uniqueKeysWithValues: partitions.map {
        ($0, kind(ofTopic: $0.topic) == nil ? deltas.end : FileInput.end)
      })
  }

  func deleteRecords(before offsets: [TopicPartition: Int64]) throws {}
}

/// The only member of its group: everything is its own from the first poll on.
private final class FileLogConsumer: LogConsumer {
  private let log: FileLog
  private var topics: [String] = []
  private var onRebalance: ((Rebalance) -> Void)?

  init(_ log: FileLog) { self.log = log }

  func subscribe(_ topics: [String], onRebalance: @escaping (Rebalance) -> Void) throws {
    self.topics = topics
    self.onRebalance = onRebalance
  }

  func poll() throws {
    guard let onRebalance else { return }
    self.onRebalance = nil
    onRebalance(.assigned(topics.map { TopicPartition(topic: $0, partition: 0) }))
  }

  func wait(milliseconds: Int32) {}
  var waker: @Sendable () -> Void { {} }
  func reader(
    of partition: TopicPartition, from offset: Int64, end: Int64
  ) throws -> any LogReader {
    log.reader(of: partition)
  }

  func startOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) })
  }

  func close() {}
}

/// Brings records to where they belong at once.
private final class FileLogProducer: LogProducer {
  private let log: FileLog
  private let topics: Configuration.Topics
  private let deltasTopic: String

  init(_ log: FileLog) {
    self.log = log
    topics = log.configuration.topics
    deltasTopic = log.configuration.deltasTopic
  }

  func begin() throws {}

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    switch topic {
    case deltasTopic:
      if let key, let value { log.deltas.append(key: key, value: value) }
    case topics.rollups:
      if let key, let value { try log.store.put(rollup: key, value) }
    case topics.attributions:
      if log.keepsAttributions, let key, let value {
        try log.store.put(attribution: key, value)
      }
    case topics.deadLetters, topics.lateEvents: log.setAside(headers)
    default: break
    }
  }

  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {}
  func commit() throws { try log.store.commit() }
  func abort() throws {}
  func close() {}
}

/// Reads back what has been published. Nothing else is kept.
private final class FileLogScan: LogScan {
  private let log: FileLog

  init(_ log: FileLog) { self.log = log }

  func read(
    _ partition: TopicPartition, limit: Int?, _ body: (Record) throws -> Void
  ) throws -> Bool {
    try log.readThrough(partition, body)
    return true
  }

  func close() {}
}

/// Answers at once: files begin at 0, and nobody has committed anything.
private final class FileLogProber: LogProber, @unchecked Sendable {
  private let log: FileLog

  init(_ log: FileLog) { self.log = log }

  func bounds(
    of partitions: [TopicPartition]
  ) -> PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]> {
    let ends = Result { try log.ends(of: partitions) }
    return PendingAnswer(
      ends.map { $0.mapValues { .success(LogBounds(start: 0, stableEnd: $0, end: $0)) } })
  }

  func committed(
    _ partitions: [TopicPartition], by group: String
  ) -> PendingAnswer<[TopicPartition: Int64]> {
    PendingAnswer(.success([:]))
  }

  func record(
    atOrAfter offset: Int64, of partition: TopicPartition
  ) -> PendingAnswer<RecordFingerprint?> {
    PendingAnswer(.success(nil))
  }

  func deleteRecords(before offsets: [TopicPartition: Int64]) -> PendingAnswer<Void> {
    PendingAnswer(.success(()))
  }
}
