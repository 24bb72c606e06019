import Kafka

/// Asks a cluster about partitions, or for what can as well be done later. Nobody waits for the answers: they are looked at when they have come.
/// Any thread.
public protocol LogProber: AnyObject, Sendable {
  /// Where logs begin and end now; an error for each partition that nobody answers for.
  func bounds(
    of partitions: [TopicPartition]
  ) -> PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]>

  /// What a group has committed; nothing for partitions where it has nothing. Not answered while a
  /// transaction is open that may commit other offsets.
  func committed(
    _ partitions: [TopicPartition], by group: String
  ) -> PendingAnswer<[TopicPartition: Int64]>

  /// The first committed record at an offset or behind it; nil where the log ends before one.
  func record(
    atOrAfter offset: Int64, of partition: TopicPartition
  ) -> PendingAnswer<RecordFingerprint?>

  /// Has what lies before the offsets and nobody reads again deleted.
  func deleteRecords(before offsets: [TopicPartition: Int64]) -> PendingAnswer<Void>
}
