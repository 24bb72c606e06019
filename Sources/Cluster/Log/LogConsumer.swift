import Kafka

/// A change of the partitions that a consumer owns.
public enum Rebalance: Sendable {
  case assigned([TopicPartition])
  /// To be given up after the call; transactions may still commit in it.
  case revoked([TopicPartition])
  /// Already somebody else's: nothing may be committed for them.
  case lost([TopicPartition])
}

/// A member of a consumer group. One thread uses it, but for `waker`.
public protocol LogConsumer: AnyObject {
  /// Joins the group; `onRebalance` runs inside `poll` and `close`.
  func subscribe(_ topics: [String], onRebalance: @escaping (Rebalance) -> Void) throws
  /// Serves rebalances and errors without blocking.
  func poll() throws
  /// Blocks until something arrives in an empty queue, or the time is over. Call when every reader
  /// that is waited for has just come back empty.
  func wait(milliseconds: Int32)
  /// Ends a `wait`, from any thread.
  var waker: @Sendable () -> Void { get }
  /// Begins to read an assigned partition; until then nothing of it is read. Drops what a former reader
  /// of it has read ahead.
  ///
  /// A log that no longer begins before `offset` is an error of the reader's, ``KafkaError/isOffsetGone``.
  ///
  /// - Parameter end: where the log ended lately: tells how much is ahead.
  func reader(
    of partition: TopicPartition, from offset: Int64, end: Int64
  ) throws -> any LogReader
  /// The first offset not yet processed, as the group committed it, or the log's start.
  func startOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64]
  func close()
}
