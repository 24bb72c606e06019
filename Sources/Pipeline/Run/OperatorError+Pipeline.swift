import Cluster
import Kafka

extension OperatorError {
  static func otherDefinitions(_ topic: String) -> OperatorError {
    OperatorError(
      "\(topic) was written by another application_id, or with other views, models (new ones "
        + "come last), look-backs, horizon or pseudonymize key than those configured; restore the former configuration, use a new application_id "
        + "with rollups and attributions topics of its own, or start again with `tributary reset`")
  }

  /// The log has become shorter than what was processed of it: reading on would count twice.
  static func shortened(_ partition: TopicPartition, to offset: Int64, processed: Int64)
    -> OperatorError
  {
    OperatorError(
      "\(partition) goes on at offset \(offset), but was processed to \(processed): the broker has lost "
        + "records, or the topic was made anew; `tributary reset` starts again from the beginning")
  }

  static func stateTooLarge(_ bytes: Int, limit: Int) -> OperatorError {
    OperatorError(
      "memory: \(bytes >> 20) MiB are in use, more than the \(limit >> 20) MiB of max_memory; raise "
        + "max_memory, add instances or partitions, or shorten correction_horizon or the look-backs"
    )
  }
}
