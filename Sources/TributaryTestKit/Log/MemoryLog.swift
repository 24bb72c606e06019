// Safety: `@unchecked Sendable` because a simulated cluster, its clients and whoever drives them
// all live on one thread.

import Kafka
import Pipeline

/// A cluster in memory: topics, transactions, consumer groups. No threads, no time of its own.
///
/// Committed and aborted transactions leave marks that take an offset, as in Kafka. Readers see
/// committed records only, up to the first transaction that is still open. A producer made with a
/// transactional id that is in use fences the former one and aborts what it had open.
public final class MemoryLog: Log, @unchecked Sendable {
  /// What a producer is about to do; a test may throw from `onStep` to have it fail there.
  public enum Step: String, Sendable, CaseIterable {
    case begin, produce, sendOffsets, commit, committed, abort
  }

  /// A record or a transaction's mark.
  struct Entry {
    var key: [UInt8]?
    var value: [UInt8]?
    var timestamp: Int64
    var headers: [Header]
    var transaction: MemoryTransaction?
    var isMark = false
  }

  /// A group: its members in order of joining, and what it has committed.
  struct Group {
    var members: [Member] = []
    var offsets: [TopicPartition: Int64] = [:]
    var generation = 0
  }

  /// A member that its owner may have dropped without leaving, as a killed process does.
  struct Member {
    weak var consumer: MemoryLogConsumer?
  }

  /// Called before each step of a producer.
  public var onStep: ((Step) throws -> Void)?
  var partitions: [String: [[Entry]]] = [:]
  var groups: [String: Group] = [:]
  var producers: [String: MemoryLogProducer] = [:]

  /// - Parameter topics: partition counts by name.
  public init(topics: [String: Int]) {
    for (name, count) in topics { partitions[name] = Array(repeating: [], count: count) }
  }

  // MARK: Log

  public func makeConsumer(group: String, member: String) throws -> any LogConsumer {
    MemoryLogConsumer(self, group: group)
  }

  public func makeProducer(transactionalID: String) throws -> any LogProducer {
    try producers[transactionalID]?.fence()
    let producer = MemoryLogProducer(self)
    producers[transactionalID] = producer
    return producer
  }

  public func readThrough(
    _ partition: TopicPartition, _ body: (Record) throws -> Void
  ) throws {
    var offset = 0
    while offset < stableEnd(partition) {
      try lend(partition, offset, body)
      offset += 1
    }
  }

  /// Forgets the records, keeping their offsets.
  public func deleteRecords(before offsets: [TopicPartition: Int64]) throws {
    for (partition, end) in offsets {
      for offset in 0..<Int(end) {
        partitions[partition.topic]![Int(partition.partition)][offset] = Entry(
          timestamp: 0, headers: [], isMark: true)
      }
    }
  }

  // MARK: Outside the pipeline

  /// Appends a record outside any transaction, to the partition that its key hashes to.
  public func append(
    _ topic: String, key: [UInt8], value: [UInt8], timestamp: Int64
  ) {
    let count = Int32(partitions[topic]!.count)
    let partition = key.withUnsafeBytes { StandardPartitioner.partition(key: $0, count: count) }
    partitions[topic]![Int(partition)].append(
      Entry(key: key, value: value, timestamp: timestamp, headers: []))
  }

  /// Visits every committed record of a topic, partition by partition.
  public func forEachRecord(of topic: String, _ body: (Record, [Header]) -> Void) {
    for number in partitions[topic]!.indices {
      let partition = TopicPartition(topic: topic, partition: Int32(number))
      for offset in 0..<stableEnd(partition) {
        let headers = partitions[topic]![number][offset].headers
        lend(partition, offset) { body($0, headers) }
      }
    }
  }

  /// The number of committed records of a topic that no later one of the same key replaces and that
  /// are not tombstones: what compaction would leave.
  public func liveRecordCount(of topic: String) -> Int {
    var live: Set<[UInt8]> = []
    forEachRecord(of: topic) { record, _ in
      guard let key = record.key else { return }
      if record.value == nil { live.remove(Array(key)) } else { live.insert(Array(key)) }
    }
    return live.count
  }

  /// Drops the members whose owners are gone, as a session timeout does.
  public func expelMissingMembers() {
    for name in groups.keys {
      let before = groups[name]!.members.count
      groups[name]!.members.removeAll { $0.consumer == nil }
      if groups[name]!.members.count < before { groups[name]!.generation += 1 }
    }
  }

  // MARK: Offsets

  func end(_ partition: TopicPartition) -> Int {
    partitions[partition.topic]![Int(partition.partition)].count
  }

  /// The last stable offset: everything before it is decided.
  func stableEnd(_ partition: TopicPartition) -> Int {
    let entries = partitions[partition.topic]![Int(partition.partition)]
    return entries.firstIndex { $0.transaction?.outcome == .open } ?? entries.count
  }

  /// Lends the record at an offset, unless it is a mark or was aborted.
  func lend(
    _ partition: TopicPartition, _ offset: Int, _ body: (Record) throws -> Void
  ) rethrows {
    let entry = partitions[partition.topic]![Int(partition.partition)][offset]
    guard isVisible(entry) else { return }
    try withBytes(entry.key) { key in
      try withBytes(entry.value) { value in
        try body(
          Record(
            partition: partition.partition, offset: Int64(offset), timestamp: entry.timestamp,
            key: key, value: value, headers: entry.headers))
      }
    }
  }

  func isVisible(_ entry: Entry) -> Bool {
    !entry.isMark && (entry.transaction == nil || entry.transaction?.outcome == .committed)
  }

  private func withBytes(
    _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> Void
  ) rethrows {
    guard let bytes else { return try body(nil) }
    try bytes.withUnsafeBytes { try body($0) }
  }
}

/// A transaction and how it ended.
final class MemoryTransaction {
  enum Outcome { case open, committed, aborted }
  var outcome = Outcome.open
  var touched: Set<TopicPartition> = []
  var offsets: [(group: String, offsets: [TopicPartition: Int64])] = []
}
