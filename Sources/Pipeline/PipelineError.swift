import Kafka

/// What stops a worker or the start, in one line: what is wrong, where, and what to do.
public struct PipelineError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  static func otherDefinitions(_ topic: String) -> PipelineError {
    PipelineError(
      "\(topic) was written by another application_id, or with other views, models (new ones "
        + "come last), look-backs or horizon than those configured; restore the former configuration, use a new application_id "
        + "with rollups and attributions topics of its own, or start again with `tributary reset`")
  }

  /// The log has become shorter than what was processed of it: reading on would count twice.
  static func shortened(_ partition: TopicPartition, to offset: Int64, processed: Int64)
    -> PipelineError
  {
    PipelineError(
      "\(partition) goes on at offset \(offset), but was processed to \(processed): the broker has lost "
        + "records, or the topic was made anew; `tributary reset` starts again from the beginning")
  }

  static func stateTooLarge(_ bytes: Int, limit: Int) -> PipelineError {
    PipelineError(
      "memory: \(bytes >> 20) MiB are in use, more than the \(limit >> 20) MiB of max_memory; raise "
        + "max_memory, add instances or partitions, or shorten correction_horizon or the look-backs"
    )
  }

  /// A record, or a batch of records, is larger than its topic takes.
  package static func recordTooLarge(_ topic: String, limit: Int) -> PipelineError {
    PipelineError(
      "\(topic) refuses a record for its size: its max.message.bytes is \(limit), or was when this process "
        + "started; raise it (`tributary topics describe` says what is needed) and start again")
  }
}
