import Attribution
import Kafka

/// How far a group has come, by committed offsets, or the log's start where there are none. Asked again and
/// again; nobody waits for the answers. One thread.
final class GroupOffsets {
  private let prober: any LogProber
  private let group: String
  private var committed = RepeatedQuestion<[TopicPartition: Int64]>()
  private var bounds = RepeatedQuestion<[TopicPartition: Result<LogBounds, any Error>]>()

  init(_ prober: any LogProber, group: String) {
    self.prober = prober
    self.group = group
  }

  /// Whether everything before `ends` has been committed. False while nobody has answered; every answer serves
  /// once.
  func hasReached(_ ends: [TopicPartition: Int64], now: Milliseconds) throws -> Bool {
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

/// Where partitions end, asked again and again; nobody waits for the answers. One thread.
final class LogEnds {
  private let prober: any LogProber
  private var bounds = RepeatedQuestion<[TopicPartition: Result<LogBounds, any Error>]>()

  init(_ prober: any LogProber) { self.prober = prober }

  /// Where committed records end; nil while not every partition is answered for.
  ///
  /// - Parameter withOpen: of transactions that are still open, too.
  func ends(
    of partitions: [TopicPartition], now: Milliseconds, withOpen: Bool = false
  ) throws -> [TopicPartition: Int64]? {
    for _ in 0..<2 {
      // What is there at once need not be waited for.
      _ = try bounds.advance(now: now) { prober.bounds(of: partitions) }
    }
    guard let answer = bounds.answer else { return nil }
    for case .failure(let error) in answer.values {
      _ = try bounds.fail(error, now: now)
      return nil
    }
    bounds = RepeatedQuestion()
    return try answer.mapValues { withOpen ? try $0.get().end : try $0.get().stableEnd }
  }
}
