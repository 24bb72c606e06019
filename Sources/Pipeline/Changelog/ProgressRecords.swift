import Attribution
import Cluster
import Codec
import Configuration
import Kafka

/// The last progress records of tasks and of rollup partitions, which every commit writes.
enum ProgressRecords {
  /// The last progress record of tasks, as far as it stands near the end of their partition.
  ///
  /// - Parameter current: definitions that the record's must fit; nil accepts any.
  static func ofTasks(
    _ state: [TopicPartition], _ tail: LogTail, under current: DefinitionsFingerprint?
  ) throws -> [TaskID: ProgressRecord] {
    var records: [TaskID: ProgressRecord] = [:]
    _ = try tail.last(of: state) { record in
      guard let key = record.key, let value = record.value, Changelog.isProgress(key) else {
        return false
      }
      let isCosts = key.elementsEqual(Changelog.progressKey(TaskKind.costs.rawValue))
      records[TaskID(isCosts: isCosts, partition: record.partition)] = try ProgressRecord(
        value, under: current, topic: state.first?.topic ?? "")
      return true
    }
    return records
  }

  /// What each partition of the rollups says of itself, by partition number.
  ///
  /// - Parameter current: definitions that the record's must fit; nil accepts any.
  static func ofRollups(
    _ rollups: [TopicPartition], _ tail: LogTail, under current: DefinitionsFingerprint?
  ) throws -> [Int32: ProgressHeader.Content] {
    var found: [Int32: ProgressHeader.Content] = [:]
    _ = try tail.last(of: rollups) { record in
      guard let key = record.key, ProgressCodec.decodeKey(key) != nil,
        let value = record.headers().first(where: { $0.name == ProgressHeader.name })?.value
      else { return false }
      found[record.partition] = try value.withUnsafeBytes {
        try ProgressHeader.decode($0, fingerprint: current, topic: rollups.first?.topic ?? "")
      }
      return true
    }
    return found
  }
}
