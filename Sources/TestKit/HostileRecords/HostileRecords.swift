import Attribution
import Codec

/// One record that a careless or malicious producer might send, and what must become of it.
public struct HostileRecord: Sendable, CustomStringConvertible {
  /// What must become of a record.
  public enum Outcome: Equatable, Sendable {
    case rejected(RejectionReason)
    case accepted(AcceptedEvent)
  }

  /// What is hostile about it, in a few words; unique.
  public var name: String
  public var kind: EventKind
  /// The record's value; nil for a tombstone.
  public var value: [UInt8]?
  /// The record's own timestamp; -1 when unknown.
  public var recordTimestamp: Milliseconds
  public var expected: Outcome

  public var description: String { name }
}

/// An event that owns its names, for comparing.
public struct AcceptedEvent: Equatable, Sendable {
  public var kind: EventKind
  public var time: Milliseconds
  public var amount: Micros
  public var eventID: String
  public var userID: String
  public var campaignID: String
  public var channel: String
  public var adID: String
  public var sessionID: String

  public init(
    kind: EventKind, time: Milliseconds = HostileRecords.time, amount: Micros = 0,
    eventID: String = "e", userID: String = "", campaignID: String = "", channel: String = "",
    adID: String = "", sessionID: String = ""
  ) {
    self.kind = kind
    self.time = time
    self.amount = amount
    self.eventID = eventID
    self.userID = userID
    self.campaignID = campaignID
    self.channel = channel
    self.adID = adID
    self.sessionID = sessionID
  }

  /// Names are compared by their bytes.
  public static func == (left: AcceptedEvent, right: AcceptedEvent) -> Bool {
    left.kind == right.kind && left.time == right.time && left.amount == right.amount
      && left.names == right.names
  }

  private var names: [ByteString] {
    [eventID, userID, campaignID, channel, adID, sessionID].map { ByteString($0) }
  }

  /// A copy of a borrowed event.
  public init(_ event: Event) {
    self.init(
      kind: event.kind, time: event.time, amount: event.amount, eventID: event.eventID.string,
      userID: event.userID.string, campaignID: event.campaignID.string,
      channel: event.channel.string, adID: event.adID.string, sessionID: event.sessionID.string)
  }
}

/// Records that try to break the decoder, each with its only right outcome (contract, section 2).
///
/// All of them are for an input in `currency` that allows `maxFutureSkew` and nothing before
/// `earliestEventTime`. They need no broker: the
/// decoder's tests run them directly; a test with a broker sends them and looks at the dead letters.
public enum HostileRecords {
  public static let currency = "EUR"
  public static let maxFutureSkew: Milliseconds = 300_000
  /// 2000-01-01T00:00:00Z.
  public static let earliestEventTime: Milliseconds = 946_684_800_000
  /// 2026-01-05T00:05:00Z: the event time of every record that does not say otherwise.
  public static let time: Milliseconds = 1_767_571_500_000

  public static let all: [HostileRecord] =
    sizes + structure + strings + encodings + keys + names + times + amounts + precedence
}

// MARK: - Building them

extension HostileRecords {
  static func record(
    _ name: String, _ kind: EventKind, _ value: [UInt8]?, at timestamp: Milliseconds = -1,
    _ expected: HostileRecord.Outcome
  ) -> HostileRecord {
    HostileRecord(
      name: name, kind: kind, value: value, recordTimestamp: timestamp, expected: expected)
  }

  /// A record whose whole value is given.
  static func raw(_ name: String, _ value: String, _ rejection: RejectionReason) -> HostileRecord {
    record(name, .click, Array(value.utf8), .rejected(rejection))
  }

  static let clickFields =
    #""event_id":"e","user_id":"u","event_time":1767571500000,"campaign_id":"c""#
  static let conversionFields = #""event_id":"e","user_id":"u","event_time":1767571500000"#
  static let costFields = #""event_id":"e","event_time":1767571500000,"campaign_id":"c""#

  static func fields(of kind: EventKind) -> String {
    switch kind {
    case .impression, .click: clickFields
    case .conversion: conversionFields
    case .cost: costFields
    }
  }

  /// A valid record with more fields at its end.
  static func valid(_ kind: EventKind, and fields: String) -> [UInt8] {
    Array("{\(Self.fields(of: kind)),\(fields)}".utf8)
  }

  /// A valid click with more fields at its end, to be rejected.
  static func click(and fields: String, _ name: String, _ rejection: RejectionReason)
    -> HostileRecord
  {
    record(name, .click, valid(.click, and: fields), .rejected(rejection))
  }

  /// A valid click with more fields at its end, to be accepted.
  static func click(
    and fields: String, _ name: String, _ change: (inout AcceptedEvent) -> Void = { _ in }
  ) -> HostileRecord {
    record(name, .click, valid(.click, and: fields), .accepted(acceptedClick(change)))
  }

  static func acceptedClick(
    _ change: (inout AcceptedEvent) -> Void = { _ in }
  ) -> AcceptedEvent {
    var event = AcceptedEvent(kind: .click, userID: "u", campaignID: "c")
    change(&event)
    return event
  }

  /// A click with an unknown field of which the bytes of the string are given.
  static func click(
    _ name: String, unknownString bytes: [UInt8], _ expected: HostileRecord.Outcome
  ) -> HostileRecord {
    record(
      name, .click, Array("{\(clickFields),\"x\":\"".utf8) + bytes + Array("\"}".utf8), expected)
  }

  /// A click padded to `size` bytes.
  static func padded(toBytes size: Int) -> [UInt8] {
    let start = Array("{\(clickFields),\"padding\":\"".utf8)
    let end = Array("\"}".utf8)
    return start + Array(repeating: UInt8(ascii: "x"), count: size - start.count - end.count) + end
  }
}
