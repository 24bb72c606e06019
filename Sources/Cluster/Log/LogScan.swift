import Kafka

/// Reads partitions through, one after the other: while the records of one are dealt with, those of the
/// next arrive. One thread uses it.
public protocol LogScan: AnyObject {
  /// Goes on with the committed records of one of the partitions, oldest first.
  ///
  /// - Parameter limit: after about so many records it returns, or when nothing more has arrived; nil
  ///   waits until the end is reached.
  /// - Returns: whether the end has been reached.
  func read(
    _ partition: TopicPartition, limit: Int?, _ body: (Record) throws -> Void
  ) throws -> Bool
  func close()
}

extension LogScan {
  /// The committed records of one of the partitions, oldest first. Once for each.
  public func readThrough(
    _ partition: TopicPartition, _ body: (Record) throws -> Void
  ) throws {
    while try !read(partition, limit: nil, body) {}
  }
}
