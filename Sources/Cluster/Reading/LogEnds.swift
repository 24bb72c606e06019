import Attribution
import Kafka

/// Where partitions end, asked again and again; nobody waits for the answers. One thread.
package final class LogEnds {
  private let prober: any LogProber
  private var bounds = RepeatedQuestion<[TopicPartition: Result<LogBounds, any Error>]>()

  package init(_ prober: any LogProber) { self.prober = prober }

  /// Where committed records end; nil while not every partition is answered for.
  ///
  /// - Parameter withOpen: of transactions that are still open, too.
  package func ends(
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
