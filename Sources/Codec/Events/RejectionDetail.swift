import Attribution

/// What exactly is wrong with a field or a record, in words that never repeat its value.
///
/// Each text goes on where the name of the field, or "the record", ends: `is longer than 128 bytes`.
public enum RejectionDetail: Hashable, Sendable, CustomStringConvertible {
  /// Whose clock an event is ahead of.
  public enum Clock: Hashable, Sendable { case record, processor }

  // Of the record.
  case hasNoValue
  case isTooLarge(bytes: Int)
  case isNoObject
  case isCutOff
  /// - Parameter byte: counted from 1.
  case isMalformed(byte: Int)
  case isUnusable
  case doesNotFitSchema
  case hasUnknownSchema

  // Of any field.
  case isMissing
  case isNull
  case isEmpty
  case isNoText
  case isWrongType(JSONType, wanted: JSONType)

  // Of names and ids.
  case isTooLong
  case isNoWholeNumber

  // Of times.
  case isNoTime
  case isNoMappedTime
  case isNoWholeMilliseconds
  case isOutOfRange
  case isTooEarly(looksLikeSeconds: Bool)
  case isAhead(of: Clock, milliseconds: Milliseconds)

  // Of amounts.
  case isNoAmount
  case isNegative
  case hasComma
  case hasDecimals(Int)
  case isTooMuch

  case isOtherCurrency
  case isNoVersion
  case isNoTruth

  public var description: String {
    switch self {
    case .hasNoValue: "has no value"
    case .isTooLarge(let bytes):
      "has \(bytes) bytes, at most \(EventDecoder.maximumRecordSize) are allowed"
    case .isNoObject: "is no JSON object"
    case .isCutOff: "ends within its JSON object"
    case .isMalformed(let byte): "is not well-formed JSON: byte \(byte) does not belong there"
    case .isUnusable: "cannot be used"
    case .doesNotFitSchema: "does not fit its schema"
    case .hasUnknownSchema: "names a schema that the registry does not have"
    case .isNoMappedTime: "is not a time of the unit or format that inputs gives for it"
    case .isMissing: "is missing"
    case .isNull: "is null, and required"
    case .isEmpty: "is empty, and required"
    case .isNoText: "is not Unicode text: it holds half of a surrogate pair"
    case .isWrongType(let found, let wanted): "is \(found.name), not \(wanted.name)"
    case .isTooLong: "is longer than \(EventDecoder.maximumNameLength) bytes"
    case .isNoWholeNumber:
      "is a number with a point or an exponent; write it as a string, or as an integer"
    case .isNoTime: "is not a time, as in 2026-01-05T00:05:00Z, nor an integer of milliseconds"
    case .isNoWholeMilliseconds: "is a number with a point or an exponent, not integer milliseconds"
    case .isOutOfRange: "is a number of milliseconds outside of the years 0000 to 9999"
    case .isTooEarly(let looksLikeSeconds):
      "lies before earliest_event_time"
        + (looksLikeSeconds ? "; it looks like seconds, and milliseconds are wanted" : "")
    case .isAhead(.record, let distance):
      "lies \(Self.text(distance)) after the record's timestamp, more than max_future_skew allows"
    case .isAhead(.processor, let distance):
      "lies \(Self.text(distance)) after the processor's clock, more than max_future_skew allows"
    case .isNoAmount: "is not an amount of digits, as in 12.5"
    case .isNegative: "is negative"
    case .hasComma: "has a comma; decimals stand behind a point, and nothing between thousands"
    case .hasDecimals(let count):
      "has \(count) decimals, at most 6 are allowed unless excess_decimals is round"
    case .isTooMuch: "is more than 10^12"
    case .isOtherCurrency: "is not the configured currency"
    case .isNoVersion: "is not an integer from 0 to 2147483647"
    case .isNoTruth: "is neither true nor false"
    }
  }

  /// In the largest unit of which there is at least one, rounded down.
  private static func text(_ duration: Milliseconds) -> String {
    switch duration {
    case ..<1_000: "\(duration) ms"
    case ..<60_000: "\(duration / 1_000) s"
    case ..<3_600_000: "\(duration / 60_000) min"
    case ..<172_800_000: "\(duration / 3_600_000) h"
    default: "\(duration / 86_400_000) d"
    }
  }
}

/// What a value of JSON is, for people.
public enum JSONType: Hashable, Sendable {
  case null, boolean, number, string, array, object
  /// Either of the two.
  case stringOrNumber

  var name: String {
    switch self {
    case .null: "null"
    case .boolean: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    case .stringOrNumber: "a string or a number"
    }
  }

  init(_ kind: JSONKind) {
    switch kind {
    case .null: self = .null
    case .boolean: self = .boolean
    case .number, .time: self = .number
    case .string, .escapedString, .brokenString: self = .string
    case .array: self = .array
    case .object: self = .object
    }
  }
}
