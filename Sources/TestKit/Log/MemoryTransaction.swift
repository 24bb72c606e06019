import Cluster
import Kafka

/// A transaction as its coordinator knows it.
final class MemoryTransaction {
  enum Outcome { case open, committed, aborted }

  private(set) weak var producer: MemoryLogProducer?
  var outcome = Outcome.open
  /// When the coordinator first heard of it; nil before.
  var began: Int64?
  /// Why it cannot be committed: a record that its topic does not take.
  var refusal: OperatorError?
  /// When a commit takes effect that timed out for its producer.
  var lands: Int64?
  /// Where it has written, in the order of first records.
  private(set) var partitions: [MemoryPartition] = []
  private(set) var offsets: [(group: MemoryGroup, offsets: [TopicPartition: Int64])] = []

  init(_ producer: MemoryLogProducer) { self.producer = producer }

  func touch(_ partition: MemoryPartition) {
    if !partitions.contains(where: { $0 === partition }) { partitions.append(partition) }
  }

  func add(_ offsets: [TopicPartition: Int64], of group: MemoryGroup) {
    self.offsets.append((group, offsets))
  }

  func end(_ outcome: Outcome) {
    self.outcome = outcome
    for partition in partitions { partition.close(self) }
    guard outcome == .committed else { return }
    for (group, offsets) in offsets { group.offsets.merge(offsets) { $1 } }
  }
}
