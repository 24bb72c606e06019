import Kafka

/// Learns where the partitions of a worker end: one question at a time for all of them, and none of them
/// waits for the answer.
package final class EndProbe {
  private let prober: any LogProber
  /// To be asked for with the next question.
  private var wanted: Set<TopicPartition> = []
  /// Asked for with the question under way, and still wanted as they were then.
  private var asked: Set<TopicPartition> = []
  private var pending: PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]>?
  private var answers: [TopicPartition: Int64] = [:]

  package init(_ prober: any LogProber) { self.prober = prober }

  /// Has the broker asked where a partition's committed records end from now on. What was asked before counts
  /// no more.
  package func want(_ partition: TopicPartition) {
    answers[partition] = nil
    asked.remove(partition)
    wanted.insert(partition)
  }

  /// Takes the answer to the last question of `want`; nil while there is none. Where nobody answers there never
  /// is: ask again.
  package func take(_ partition: TopicPartition) -> Int64? {
    answers.removeValue(forKey: partition)
  }

  /// Lets questions and answers pass. Once a step; does not block.
  package func advance() {
    if let pending {
      guard case .success(let bounds)? = pending.result else {
        if pending.result != nil { self.pending = nil }
        return
      }
      for partition in asked {
        if case .success(let found)? = bounds[partition] { answers[partition] = found.stableEnd }
      }
      self.pending = nil
    }
    guard !wanted.isEmpty else { return }
    pending = prober.bounds(of: wanted.sorted())
    asked = wanted
    wanted = []
  }

  package func removeAll() {
    wanted = []
    asked = []
    answers = [:]
  }
}
