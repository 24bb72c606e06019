import Attribution
import Kafka

/// What is kept of a task whose partitions were given up after a commit: if the next assignment brings them back, and nobody has
/// written to the task's state meanwhile, it goes on with what it remembers.
struct SuspendedTask {
  let id: TaskID
  let inputs: [TopicPartition]
  let task: AttributionTask
  let changelog: Changelog
  /// The progress record of its last commit. Whoever else processes the task writes another.
  let progress: [UInt8]
}
