/// One partition of one topic, written `clicks[3]`.
public struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The topic's name.
  public var topic: String
  /// The partition's number, from 0.
  public var partition: Int32

  public init(topic: String, partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  public var description: String { "\(topic)[\(partition)]" }

  /// By topic name, then by partition number.
  public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
    if left.topic != right.topic { return left.topic < right.topic }
    return left.partition < right.partition
  }
}

/// Offsets that name a place in the log rather than a record.
public enum LogicalOffset {
  /// The oldest record still in the log.
  public static let beginning: Int64 = -2
  /// Just past the newest record.
  public static let end: Int64 = -1
  /// What the group last committed; `auto.offset.reset` decides when there is none.
  public static let committed: Int64 = -1000
}
