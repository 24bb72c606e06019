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
  var placementNames: PlacementNames {
    @inline(__always) get {
      PlacementNames(campaign: campaignID, channel: channel, ad: adID, values: values)
    }
  }
}

/// The hashes that stand for an event's ids: of its own, and of its user's; and for its names.
public struct EventIdentity: Sendable {
  public var event: Hash128
  public var user: Hash128
  /// Of a touch or a cost its campaign, channel and ad, and its configured fields; of a conversion those fields
  /// alone.
  public var placement: Hash128

  @inlinable
  public init(
    event: Hash128, user: Hash128, placement: Hash128 = Hash128(high: 0, low: 0)
  ) {
    self.event = event
    self.user = user
    self.placement = placement
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
      placement = key.hash(
        placement: event.pointee.campaignID, event.pointee.channel, event.pointee.adID,
        event.pointee.values)
    case .conversion:
      if !event.pointee.values.isEmpty {
        placement = key.hash(unattributed: event.pointee.values)
      }
    }
  }
}
