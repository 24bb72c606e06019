import Attribution
import Cluster
import Kafka

/// Learns, now and then, where the state partitions of a worker's tasks end: from there on lies what later commits write, and so
/// what a restart has to read beside the copies. Nobody waits for the answers.
struct CopyPositions {
  /// In commit intervals.
  private static let pause: Milliseconds = 10

  private let interval: Milliseconds
  private var pending: PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]>?
  private var lastAsked: Milliseconds

  init(commitInterval: Milliseconds, now: Milliseconds) {
    interval = commitInterval * Self.pause
    lastAsked = now
  }

  /// Lets a question and its answer pass.
  ///
  /// - Parameter partitions: what is asked about.
  /// - Returns: where partitions ended before now; nil without an answer.
  mutating func advance(
    now: Milliseconds, _ prober: any LogProber, _ partitions: @autoclosure () -> [TopicPartition]
  ) -> [TopicPartition: Int64]? {
    if let result = pending?.result {
      pending = nil
      guard case .success(let bounds) = result else { return nil }
      return bounds.compactMapValues { try? $0.get().end }
    }
    guard pending == nil, now - lastAsked >= interval else { return nil }
    lastAsked = now
    let partitions = partitions()
    if !partitions.isEmpty { pending = prober.bounds(of: partitions) }
    return nil
  }
}
