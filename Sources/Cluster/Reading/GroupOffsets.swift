import Attribution
import Kafka

/// How far a group has come, by committed offsets, or the log's start where there are none. Asked again and
/// again; nobody waits for the answers. One thread.
package final class GroupOffsets {
  private let prober: any LogProber
  private let group: String
  private var committed = RepeatedQuestion<[TopicPartition: Int64]>()
  private var bounds = RepeatedQuestion<[TopicPartition: Result<LogBounds, any Error>]>()

  package init(_ prober: any LogProber, group: String) {
    self.prober = prober
    self.group = group
  }

  /// Whether everything before `ends` has been committed. False while nobody has answered; every answer serves
  /// once.
  package func hasReached(_ ends: [TopicPartition: Int64], now: Milliseconds) throws -> Bool {
    let partitions = ends.keys.sorted()
    _ = try committed.advance(now: now) { prober.committed(partitions, by: group) }
    _ = try bounds.advance(now: now) { prober.bounds(of: partitions) }
    // What is there at once need not be waited for.
    _ = try committed.advance(now: now) { prober.committed(partitions, by: group) }
    _ = try bounds.advance(now: now) { prober.bounds(of: partitions) }
    guard let offsets = committed.answer, let found = bounds.answer else { return false }
    committed = RepeatedQuestion()
    bounds = RepeatedQuestion()
    return ends.allSatisfy { partition, end in
      if end == 0 { return true }
      if let offset = offsets[partition] { return offset >= end }
      guard case .success(let bounds)? = found[partition] else { return false }
      return bounds.start >= end
    }
  }
}
