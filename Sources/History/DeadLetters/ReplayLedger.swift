import Cluster
import Configuration
import Foundation
import Kafka
import Pipeline

/// Which dead letters have been sent through again.
///
/// Lives beside what backfills have done, and is written in the transactions that send: a dead letter has been sent
/// and is known to be, or neither.
struct ReplayLedger {
  /// What one transaction has sent of one partition.
  struct Entry: Codable, Equatable {
    var partition: Int32
    /// Offsets, as first and last of runs.
    var runs: [[Int64]]
    /// The record at the last offset: a topic made anew has another one there.
    var timestamp: Int64
    var hash: UInt64

    var last: Int64 { runs.last?.last ?? -1 }
  }

  private static let prefix = "replayed|"

  private var entries: [Int32: [Entry]] = [:]

  /// Whether a key of the ledgers' topic is of this one.
  static func isOurs(_ key: String) -> Bool { key.hasPrefix(prefix) }

  /// Empty where nothing was ever sent again.
  init(_ configuration: Configuration, from log: any ArchiveLog) throws {
    for partition in try log.partitions(of: configuration.backfillsTopic) {
      try log.readThrough(partition) { record in
        guard let key = record.key, let value = record.value,
          Self.isOurs(String(decoding: key, as: UTF8.self))
        else { return }
        let entry = try JSONDecoder().decode(Entry.self, from: Data(value))
        entries[entry.partition, default: []].append(entry)
      }
    }
  }

  /// The offsets of a partition that have been sent, leaving out what was said of a topic that has been made anew
  /// since.
  func replayed(of partition: TopicPartition, in log: any ArchiveLog) throws -> IndexSet {
    var offsets = IndexSet()
    let entries = entries[partition.partition] ?? []
    guard !entries.isEmpty else { return offsets }
    let starts = try log.starts(of: [partition])
    let ends = try log.ends(of: [partition])
    for entry in entries
    where entry.last >= starts[partition] ?? 0 && entry.last < ends[partition] ?? 0 {
      guard try entry.isOf(partition, in: log) else { continue }
      for run in entry.runs where run.count == 2 && run[0] <= run[1] {
        offsets.insert(integersIn: Int(run[0])...Int(run[1]))
      }
    }
    return offsets
  }

  static func note(
    _ entry: Entry, to producer: any LogProducer, _ topic: String
  ) throws {
    let key = Array("\(prefix)\(entry.partition)|\(entry.last)|\(entry.hash)".utf8)
    let value = try JSONEncoder().encode(entry)
    try key.withUnsafeBytes { key in
      try value.withUnsafeBytes { value in
        try producer.produce(
          topic, partition: 0, key: key, value: value, timestamp: nil, headers: [])
      }
    }
  }
}

extension ReplayLedger.Entry {
  /// - Parameter last: the record at the last of the offsets.
  init(partition: Int32, offsets: IndexSet, last: RecordFingerprint) {
    self.init(
      partition: partition,
      runs: offsets.rangeView.map { [Int64($0.lowerBound), Int64($0.upperBound - 1)] },
      timestamp: last.timestamp, hash: last.hash)
  }

  /// Whether the partition still holds the record that was sent last.
  fileprivate func isOf(_ partition: TopicPartition, in log: any ArchiveLog) throws -> Bool {
    var isOurs = false
    try log.readThrough(partition, from: last) { record in
      guard record.offset == last else { return }
      let found = RecordFingerprint(record)
      isOurs = found.timestamp == timestamp && found.hash == hash
    }
    return isOurs
  }
}
