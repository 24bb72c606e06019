import Attribution

/// Who got the credit for one conversion, as its attribution record says; owns its names.
public struct PublishedAttribution: Equatable, Sendable {
  /// One eligible touch.
  public struct Touch: Equatable, Sendable {
    public var kind: EventKind
    public var time: Milliseconds
    public var eventID: String
    public var campaignID: String
    /// Empty when the touch had none.
    public var channel: String
    /// Empty when the touch had none.
    public var adID: String

    public init(
      kind: EventKind, time: Milliseconds, eventID: String, campaignID: String,
      channel: String = "", adID: String = ""
    ) {
      self.kind = kind
      self.time = time
      self.eventID = eventID
      self.campaignID = campaignID
      self.channel = channel
      self.adID = adID
    }

    /// Names are compared by their bytes.
    public static func == (left: Touch, right: Touch) -> Bool {
      left.kind == right.kind && left.time == right.time && left.names == right.names
    }

    private var names: [ByteString] { [eventID, campaignID, channel, adID].map { ByteString($0) } }
  }

  public var conversionID: String
  public var userID: String
  public var time: Milliseconds
  public var value: Micros
  public var currency: String
  /// The eligible touches, ordered by (time, event id by bytes).
  public var touches: [Touch]
  /// Per model name, each touch's credit in millionths; empty arrays when unattributed.
  public var credits: [String: [Int64]]
  /// Per model name, each touch's revenue in micros; empty arrays when unattributed.
  public var revenues: [String: [Micros]]
  /// Counts up with each publication of the conversion, from 1.
  public var revision: Int64
  /// Whether there were more eligible touches than may share the credit: `touches` are the last of them.
  public var isTruncated: Bool
  /// Whether the conversion was taken back: it has no touches, and is worth nothing.
  public var isDeleted: Bool

  public init(
    conversionID: String, userID: String, time: Milliseconds, value: Micros, currency: String,
    touches: [Touch], credits: [String: [Int64]], revenues: [String: [Micros]], revision: Int64,
    isTruncated: Bool = false, isDeleted: Bool = false
  ) {
    self.isDeleted = isDeleted
    self.isTruncated = isTruncated
    self.conversionID = conversionID
    self.userID = userID
    self.time = time
    self.value = value
    self.currency = currency
    self.touches = touches
    self.credits = credits
    self.revenues = revenues
    self.revision = revision
  }
}
