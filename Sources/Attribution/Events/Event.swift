/// Milliseconds since 1970-01-01T00:00:00Z; negative before it.
public typealias Milliseconds = Int64

/// Money in integer millionths of the configured currency.
public typealias Micros = Int64

/// What kind of event a record is.
public enum EventKind: UInt8, CaseIterable, Sendable {
  case impression = 0
  case click = 1
  case conversion = 2
  case cost = 3

  /// A touch is an impression or a click.
  @inlinable public var isTouch: Bool { rawValue <= EventKind.click.rawValue }
}

/// One decoded event. Its names are lent, not owned: it is valid as long as the record it came from.
public struct Event {
  public var kind: EventKind
  /// Whether it takes its id back: it counts for nothing, and the id stays taken.
  public var isDeleted = false
  /// Whether the record said an amount: without one it is 0.
  public var hasAmount = false
  /// Whether the record named the currency.
  public var hasCurrency = false
  /// Of events with the same id the one with the highest version counts, of equal versions the first.
  public var version: Int32 = 0
  /// Which input of its task it came by; by itself the one of its kind's own number.
  public var input: UInt8
  /// When it happened.
  public var time: Milliseconds
  /// The touch's cost, the conversion's value, or the cost record's amount; 0 when absent.
  public var amount: Micros
  public var eventID: BorrowedBytes
  /// Empty on costs.
  public var userID: BorrowedBytes
  /// Empty on conversions, as are the three that follow when absent.
  public var campaignID: BorrowedBytes
  public var channel: BorrowedBytes
  public var adID: BorrowedBytes
  public var sessionID: BorrowedBytes
  /// Of the fields that the configuration adds.
  public var values: ConfiguredValues
  public var ip = BorrowedBytes.empty
  /// Where a version corrects the event's time: what it was before.
  public var originalTime: Milliseconds?

  /// Whether it is an event as most are: nothing in it speaks of another with its id.
  @inlinable public var isPlain: Bool { version == 0 && !isDeleted && originalTime == nil }
  /// The earlier of its times: what its lateness is measured by.
  @inlinable public var earliestTime: Milliseconds { min(time, originalTime ?? time) }
  /// The later of its times: its id is remembered that long.
  @inlinable public var latestTime: Milliseconds { max(time, originalTime ?? time) }

  @inlinable
  public init(
    kind: EventKind, time: Milliseconds, amount: Micros = 0,
    eventID: BorrowedBytes, userID: BorrowedBytes,
    campaignID: BorrowedBytes = .empty, channel: BorrowedBytes = .empty,
    adID: BorrowedBytes = .empty, sessionID: BorrowedBytes = .empty,
    values: ConfiguredValues = .none
  ) {
    self.kind = kind
    self.input = kind.rawValue
    self.time = time
    self.amount = amount
    self.eventID = eventID
    self.userID = userID
    self.campaignID = campaignID
    self.channel = channel
    self.adID = adID
    self.sessionID = sessionID
    self.values = values
  }
}

extension Event {
  /// Of a touch or a cost.
  var dimensionNames: DimensionNames {
    @inline(__always) get {
      DimensionNames(campaign: campaignID, channel: channel, ad: adID, values: values)
    }
  }
}

/// The hashes that stand for an event's ids: of its own, and of its user's; and for its names.
public struct EventIdentity: Sendable {
  public var event: Hash128
  public var user: Hash128
  /// Of a touch or a cost its campaign, channel and ad, and its configured fields; of a conversion those fields
  /// alone.
  public var tuple: Hash128

  @inlinable
  public init(
    event: Hash128, user: Hash128, tuple: Hash128 = Hash128(high: 0, low: 0)
  ) {
    self.event = event
    self.user = user
    self.tuple = tuple
  }

  public init(_ event: borrowing Event, _ key: IdentityKey) {
    self = withUnsafePointer(to: event) { EventIdentity($0, key) }
  }

  /// As the other, for an event that stays where it is.
  public init(_ event: UnsafePointer<Event>, _ key: IdentityKey) {
    self.init(
      event: key.hash(event.pointee.eventID),
      user: key.hash(user: event.pointee.userID, event.pointee.values))
    switch event.pointee.kind {
    case .impression, .click, .cost:
      tuple = key.hash(
        tuple: event.pointee.campaignID, event.pointee.channel, event.pointee.adID,
        event.pointee.values)
    case .conversion:
      if !event.pointee.values.isEmpty {
        tuple = key.hash(unattributed: event.pointee.values)
      }
    }
  }
}
