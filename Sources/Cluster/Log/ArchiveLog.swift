import Attribution
import Kafka

/// A log whose past can be looked up.
public protocol ArchiveLog: Log {
  /// How many partitions a topic has; 0 when there is no such topic.
  func partitionCount(of topic: String) throws -> Int
  /// The oldest offset that each partition still has.
  func starts(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64]
  /// The first offset of each partition whose record has this timestamp or a later one; the end when
  /// there is none.
  func offsets(
    of partitions: [TopicPartition], atOrAfter time: Milliseconds
  ) throws -> [TopicPartition: Int64]
  /// Makes a compacted topic of one partition, if it is not there.
  func makeCompactedTopic(_ name: String) throws
}

extension ArchiveLog {
  /// Every partition of a topic.
  public func partitions(of topic: String) throws -> [TopicPartition] {
    (0..<Int32(try partitionCount(of: topic))).map { TopicPartition(topic: topic, partition: $0) }
  }

  /// The offsets that a group has committed; where it has none, the log's start.
  public func committed(
    _ partitions: [TopicPartition], by group: String
  ) throws -> [TopicPartition: Int64] {
    let consumer = try makeConsumer(group: group, member: "")
    defer { consumer.close() }
    return try consumer.startOffsets(partitions)
  }
}
