import Attribution

/// Writes CSV by RFC 4180, field after field; lines end with CR LF.
package struct CSVWriter {
  package private(set) var bytes: [UInt8] = []
  private var isAtStart = true

  package init() {}

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    isAtStart = true
  }

  package mutating func field(_ text: String) {
    separate()
    let needsQuotes = text.utf8.contains {
      $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0D || $0 == 0x0A
    }
    guard needsQuotes else {
      bytes.append(contentsOf: text.utf8)
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  package mutating func field(_ number: Int64) {
    separate()
    bytes.appendDecimal(number)
  }

  /// Millionths as a decimal with six digits.
  package mutating func field(micros: MicrosSum) {
    separate()
    Money.append(micros, to: &bytes)
  }

  /// `text` with an apostrophe in front where a spreadsheet would take it for a formula.
  ///
  /// By the characters that the OWASP names (https://owasp.org/www-community/attacks/CSV_Injection).
  package static func spreadsheetText(_ text: String) -> String {
    switch text.unicodeScalars.first {
    case "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}":
      "'" + text
    default: text
    }
  }

  /// A line of text fields.
  package mutating func line(_ fields: [String]) {
    for text in fields { field(text) }
    endLine()
  }

  package mutating func endLine() {
    bytes.append(0x0D)
    bytes.append(0x0A)
    isAtStart = true
  }

  private mutating func separate() {
    if !isAtStart { bytes.append(UInt8(ascii: ",")) }
    isAtStart = false
  }
}
