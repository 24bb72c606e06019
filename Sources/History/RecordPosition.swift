/// A record's position in a topic.
public struct RecordPosition: Hashable, Sendable {
  public var partition: Int32
  public var offset: Int64

  public init(partition: Int32, offset: Int64) {
    self.partition = partition
    self.offset = offset
  }
}
