// Safety: pointers are only to string literals, which live for ever, and to borrowed bytes, within
// their count, during one call.

import Attribution

/// The pieces that records are written with: appended to a byte array, with no allocation but the
/// array's own growth.
extension [UInt8] {
  /// Appends text that needs no escaping: punctuation and names of fields.
  @inline(__always)
  package mutating func append(_ literal: StaticString) {
    append(
      contentsOf: UnsafeBufferPointer(
        start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  /// Appends a JSON string with its quotes.
  ///
  /// Escaped is what RFC 8259 requires and no more: quotes, backslashes and control characters.
  /// `text` must be UTF-8; it is what the event decoder lends, and what a `String` lends.
  package mutating func appendJSONString(_ text: BorrowedBytes) {
    append(ASCII.quote)
    var plainStart = 0
    for index in 0..<text.count {
      let byte = text[index]
      guard byte < ASCII.space || byte == ASCII.quote || byte == ASCII.backslash else { continue }
      append(text, plainStart..<index)
      appendEscaped(byte)
      plainStart = index + 1
    }
    append(text, plainStart..<text.count)
    append(ASCII.quote)
  }

  /// A slice is appended byte by byte, a buffer at once.
  @inline(__always)
  private mutating func append(_ text: BorrowedBytes, _ range: Range<Int>) {
    append(
      contentsOf: UnsafeBufferPointer(start: text.start + range.lowerBound, count: range.count))
  }

  /// Appends a JSON string with its quotes.
  package mutating func appendJSONString(_ text: String) {
    text.withBorrowedBytes { appendJSONString($0) }
  }

  private mutating func appendEscaped(_ byte: UInt8) {
    append(ASCII.backslash)
    switch byte {
    case ASCII.quote, ASCII.backslash: append(byte)
    case 0x08: append(UInt8(ascii: "b"))
    case 0x0C: append(UInt8(ascii: "f"))
    case ASCII.lineFeed: append(UInt8(ascii: "n"))
    case ASCII.carriageReturn: append(UInt8(ascii: "r"))
    case ASCII.tab: append(UInt8(ascii: "t"))
    default:
      append("u00")
      append(ASCII.hexadecimalDigit(byte >> 4))
      append(ASCII.hexadecimalDigit(byte & 0xF))
    }
  }

  /// Appends a decimal string with six digits, in quotes: how records hold money and credits.
  package mutating func appendJSONDecimal(_ micros: Int64) {
    append(ASCII.quote)
    Money.append(micros, to: &self)
    append(ASCII.quote)
  }

  /// Appends a time with whole seconds, in quotes.
  package mutating func appendJSONSeconds(_ time: Milliseconds) {
    append(ASCII.quote)
    Time.appendSeconds(time, to: &self)
    append(ASCII.quote)
  }

  /// Appends a time with milliseconds, in quotes.
  package mutating func appendJSONMilliseconds(_ time: Milliseconds) {
    append(ASCII.quote)
    Time.appendMilliseconds(time, to: &self)
    append(ASCII.quote)
  }
}
