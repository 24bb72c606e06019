/// What an accepted event is remembered as, for its changelog.
public struct AcceptedEvent: Sendable {
  /// The event-time bucket under which its state is kept.
  public var bucket: UInt64
  /// Of a touch: the number of its names; of a conversion: of its configured fields. Valid until `endCommit`.
  public var placement: UInt32
  /// Of a touch that has one.
  public var session: SessionHash?

  public init(bucket: UInt64, placement: UInt32, session: SessionHash? = nil) {
    self.bucket = bucket
    self.placement = placement
    self.session = session
  }
}
