// Safety: `equals` is only asked about words of the name's own length, and reads within it.

import Attribution

/// The fields of an input event that mean something (contract, section 2).
public enum EventField: UInt8, CaseIterable, Sendable {
  case eventID, userID, eventTime, campaignID, channel, adID, sessionID, ip
  case cost, value, amount, currency
  case version, deleted, originalTime
  case unknown
  /// Those that the configuration names, by their number.
  case configured0, configured1, configured2, configured3
  case configured4, configured5, configured6, configured7
  case configured8, configured9, configured10, configured11
  case configured12, configured13, configured14, configured15

  /// Its name in the contract; empty for `unknown` and for those that the configuration names.
  public var name: String {
    switch self {
    case .eventID: "event_id"
    case .userID: "user_id"
    case .eventTime: "event_time"
    case .campaignID: "campaign_id"
    case .channel: "channel"
    case .adID: "ad_id"
    case .sessionID: "session_id"
    case .ip: "ip"
    case .cost: "cost"
    case .value: "value"
    case .amount: "amount"
    case .currency: "currency"
    case .version: "version"
    case .deleted: "deleted"
    case .originalTime: "original_time"
    default: ""
    }
  }

  /// Its place in the list of those that the configuration names; nil for all others.
  package var configuredIndex: Int? {
    rawValue > EventField.unknown.rawValue ? Int(rawValue - EventField.configured0.rawValue) : nil
  }

  /// No field's name is longer, but for those that the configuration names.
  static let longestName = 13

  /// The field that the configuration names at this place of its list.
  package static func configured(_ index: Int) -> EventField {
    EventField(rawValue: EventField.configured0.rawValue + UInt8(index))!
  }

  /// The field of this name: by length first, then by words of bytes.
  @inline(__always)
  package init(name: BorrowedBytes) {
    self = .unknown
    switch name.count {
    case 2:
      if equals(name, "ip") { self = .ip }
    case 4:
      if equals(name, "cost") { self = .cost }
    case 5:
      if equals(name, "ad_id") { self = .adID } else if equals(name, "value") { self = .value }
    case 6:
      if equals(name, "amount") { self = .amount }
    case 7:
      if equals(name, "user_id") {
        self = .userID
      } else if equals(name, "channel") {
        self = .channel
      } else if equals(name, "version") {
        self = .version
      } else if equals(name, "deleted") {
        self = .deleted
      }
    case 8:
      if equals(name, "event_id") {
        self = .eventID
      } else if equals(name, "currency") {
        self = .currency
      }
    case 10:
      if equals(name, "event_time") {
        self = .eventTime
      } else if equals(name, "session_id") {
        self = .sessionID
      }
    case 11:
      if equals(name, "campaign_id") { self = .campaignID }
    case 13:
      if equals(name, "original_time") { self = .originalTime }
    default:
      break
    }
  }
}

/// A set of event fields.
package struct EventFields {
  private var bits: UInt64 = 0

  @inline(__always)
  package init(_ fields: EventField...) {
    for field in fields { insert(field) }
  }

  @inline(__always)
  package mutating func insert(_ field: EventField) { bits |= 1 << UInt64(field.rawValue) }

  @inline(__always)
  func contains(_ field: EventField) -> Bool { bits & 1 << UInt64(field.rawValue) != 0 }

  private static var versionBits: UInt64 {
    1 << UInt64(EventField.version.rawValue) | 1 << UInt64(EventField.deleted.rawValue)
      | 1 << UInt64(EventField.originalTime.rawValue)
  }

  /// Whether there is one of those that make an event another version, or one that takes its id back.
  @inline(__always)
  var speaksOfVersions: Bool {
    bits & EventFields.versionBits != 0
  }

  @inline(__always)
  func isSuperset(of other: EventFields) -> Bool { bits & other.bits == other.bits }
}

/// Whether a name is this word, of the same length: its first bytes and its last, overlapping.
@inline(__always)
private func equals(_ name: BorrowedBytes, _ word: StaticString) -> Bool {
  let left = UnsafeRawPointer(name.start)
  let right = UnsafeRawPointer(word.utf8Start)
  let count = word.utf8CodeUnitCount
  switch count {
  case 8...: return endsMatch(left, right, count, UInt64.self)
  case 4...: return endsMatch(left, right, count, UInt32.self)
  default: return endsMatch(left, right, count, UInt16.self)
  }
}

@inline(__always)
private func endsMatch<Word: FixedWidthInteger & BitwiseCopyable>(
  _ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ count: Int, _ type: Word.Type
) -> Bool {
  let last = count - MemoryLayout<Word>.size
  return left.loadUnaligned(as: type) == right.loadUnaligned(as: type)
    && left.loadUnaligned(fromByteOffset: last, as: type)
      == right.loadUnaligned(fromByteOffset: last, as: type)
}
