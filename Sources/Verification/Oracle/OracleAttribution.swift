import Attribution

/// A touch that was eligible for a conversion's credit.
public struct OracleTouch: Equatable, Sendable {
  public var kind: EventKind
  public var time: Milliseconds
  public var eventID: String
  public var campaignID: String
  public var channel: String
  public var adID: String

  public init(
    kind: EventKind, time: Milliseconds, eventID: String, campaignID: String, channel: String,
    adID: String
  ) {
    self.kind = kind
    self.time = time
    self.eventID = eventID
    self.campaignID = campaignID
    self.channel = channel
    self.adID = adID
  }

  /// Names are compared by their bytes.
  public static func == (left: OracleTouch, right: OracleTouch) -> Bool {
    left.kind == right.kind && left.time == right.time && left.names == right.names
  }

  private var names: [ByteString] { [eventID, campaignID, channel, adID].map { ByteString($0) } }
}

/// One conversion's attribution: what the oracle finds, or, filled by the caller, what was published.
public struct OracleAttribution: Equatable, Sendable {
  public var value: Micros
  public var time: Milliseconds
  public var userID: String
  /// In order; empty when unattributed.
  public var touches: [OracleTouch]
  /// Millionths per model and touch.
  public var credits: [[Int64]]
  /// Micros per model and touch.
  public var revenues: [[Micros]]
  /// Whether there are more eligible touches: `touches` are the last of them.
  public var isTruncated: Bool
  /// Whether the conversion was taken back: it has no touches, and is worth nothing.
  public var isDeleted: Bool

  public init(
    value: Micros, time: Milliseconds, userID: String, touches: [OracleTouch],
    credits: [[Int64]], revenues: [[Micros]], isTruncated: Bool = false,
    isDeleted: Bool = false
  ) {
    self.isDeleted = isDeleted
    self.isTruncated = isTruncated
    self.value = value
    self.time = time
    self.userID = userID
    self.touches = touches
    self.credits = credits
    self.revenues = revenues
  }

  /// Whether the conversion is older than a model and has no shares under it, which is as it should be
  /// until a backfill.
  func lacks(_ model: Int, addedAt start: Milliseconds) -> Bool {
    time < start && (model >= credits.count || (credits[model].isEmpty && revenues[model].isEmpty))
  }
}
