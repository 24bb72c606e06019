import Attribution

/// The pieces that records are written with, appended to an array: for whoever keeps what is written.
extension [UInt8] {
  /// Appends text that needs no escaping: punctuation and names of fields.
  @inline(__always)
  package mutating func append(_ literal: StaticString) { put(literal) }

  /// Appends the decimal digits of `value`, with zeros before them up to `digits` digits.
  package mutating func appendDecimal(_ value: UInt64, digits: Int = 1) {
    put(decimal: value, digits: digits)
  }

  /// Appends a signed integer.
  package mutating func appendDecimal(_ value: Int64) { put(decimal: value) }

  /// Appends a JSON string with its quotes. `text` must be UTF-8.
  package mutating func appendJSONString(_ text: BorrowedBytes) { put(json: text) }

  /// Appends a JSON string with its quotes.
  package mutating func appendJSONString(_ text: String) { put(json: text) }

  /// Appends a decimal string with six digits, in quotes: how records hold money and credits.
  package mutating func appendJSONDecimal(_ micros: MicrosSum) { put(jsonDecimal: micros) }

  /// Appends a time with whole seconds, in quotes.
  package mutating func appendJSONSeconds(_ time: Milliseconds) { put(jsonSeconds: time) }

  /// Appends a time with milliseconds, in quotes.
  package mutating func appendJSONMilliseconds(_ time: Milliseconds) {
    put(jsonMilliseconds: time)
  }
}
