/// A touch as an attribution record lists it: names lent, not owned.
public struct CreditedTouch {
  public var kind: EventKind
  public var time: Milliseconds
  public var eventID: BorrowedBytes
  public var campaignID: BorrowedBytes
  public var channel: BorrowedBytes
  public var adID: BorrowedBytes

  @inlinable
  public init(
    kind: EventKind, time: Milliseconds, eventID: BorrowedBytes, campaignID: BorrowedBytes,
    channel: BorrowedBytes, adID: BorrowedBytes
  ) {
    self.kind = kind
    self.time = time
    self.eventID = eventID
    self.campaignID = campaignID
    self.channel = channel
    self.adID = adID
  }
}

/// A conversion with its eligible touches and every model's shares, lent for one call.
public struct CreditedConversion {
  public var conversionID: BorrowedBytes
  public var userID: BorrowedBytes
  /// The part of the user's hash that a task compares.
  public var user: Hash128
  public var time: Milliseconds
  public var value: Micros
  /// How often this conversion's record has been published, this time included.
  public var revision: Int64
  /// The eligible touches, ordered by (time, event id by bytes).
  public var touches: UnsafeBufferPointer<CreditedTouch>
  /// Credit in millionths: one row of `touches.count` per model, in the order of the definitions.
  public var credits: UnsafeBufferPointer<Int64>
  /// Revenue in micros, in the same layout as `credits`.
  public var revenues: UnsafeBufferPointer<Micros>
  /// Whether there are more eligible touches than may share the credit: `touches` are the last of them.
  public var isTruncated: Bool
  /// Whether its id was taken back: it has no touches, and is worth nothing.
  public var isDeleted: Bool

  @inlinable
  public init(
    conversionID: BorrowedBytes, userID: BorrowedBytes,
    user: Hash128 = Hash128(high: 0, low: 0), time: Milliseconds, value: Micros, revision: Int64,
    touches: UnsafeBufferPointer<CreditedTouch>,
    credits: UnsafeBufferPointer<Int64>, revenues: UnsafeBufferPointer<Micros>,
    isTruncated: Bool = false, isDeleted: Bool = false
  ) {
    self.isDeleted = isDeleted
    self.isTruncated = isTruncated
    self.conversionID = conversionID
    self.userID = userID
    self.user = user
    self.time = time
    self.value = value
    self.revision = revision
    self.touches = touches
    self.credits = credits
    self.revenues = revenues
  }
}
