/// What an accepted event is remembered as, for its changelog.
public struct AcceptedEvent: Sendable {
  /// The bucket under which its state is kept: of the latest time that its id had.
  public var bucket: StateBucket
  /// Of a touch or a cost: the number of its names; of a conversion: of its configured fields. Valid until `endCommit`.
  public var tuple: UInt32
  /// Of a touch that has one.
  public var session: SessionHash?
  /// The version that it replaced; nil for the first event with its id.
  public var replaces: Int32?
  /// Of a conversion: the revision with which this commit publishes it.
  public var revision: Int32 = 1

  public init(bucket: StateBucket, tuple: UInt32, session: SessionHash? = nil) {
    self.bucket = bucket
    self.tuple = tuple
    self.session = session
  }
}
