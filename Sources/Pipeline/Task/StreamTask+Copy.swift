import Attribution
import Kafka

/// The copy of its state on this machine.
extension StreamTask {
  /// Where its state lies.
  var statePartition: TopicPartition {
    TopicPartition(topic: configuration.stateTopic, partition: partition)
  }

  /// The state partition has ended here: what later commits write lies behind.
  func note(stateEnd: Int64) { changelog.stateEnd = stateEnd }

  /// What there is of the copy; nil without one.
  var copy: WorkerReport.Copy? {
    guard let copy = changelog.copy, copy.isOpen else { return nil }
    return WorkerReport.Copy(bytes: copy.byteCount, writtenAt: copy.last?.time)
  }
}
