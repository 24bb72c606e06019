import Attribution
import Codec

/// Lines of PostgreSQL's `COPY` in text format.
enum CopyText {
  static func append(_ values: [SQLValue], to output: inout [UInt8]) {
    for (index, value) in values.enumerated() {
      if index > 0 { output.append(UInt8(ascii: "\t")) }
      switch value {
      case .null: output.append(#"\N"#)
      case .integer(let integer), .time(let integer): output.appendDecimal(integer)
      case .wideInteger(let integer): output.append(contentsOf: String(integer).utf8)
      case .boolean(let flag): output.append(flag ? "t" : "f")
      case .text(let text): appendEscaped(withoutNUL(text), to: &output)
      case .json(let json): appendEscaped(json, to: &output)
      case .date(let time): appendDay(time, to: &output)
      }
    }
    output.append(UInt8(ascii: "\n"))
  }

  /// Text without a NUL, which PostgreSQL cannot store: U+2400 and `0` stand for it, and U+2400 twice
  /// for itself, so that two names are never made one.
  static func withoutNUL(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0 == "\0" || $0 == "\u{2400}" }) else {
      return text
    }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\0": scalars.append(contentsOf: "\u{2400}0".unicodeScalars)
      case "\u{2400}": scalars.append(contentsOf: "\u{2400}\u{2400}".unicodeScalars)
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }

  /// The text that `withoutNUL` was given.
  static func withNUL(_ text: String) -> String {
    guard text.unicodeScalars.contains("\u{2400}") else { return text }
    var scalars = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if isEscaped {
        scalars.append(scalar == "0" ? "\0" : scalar)
        isEscaped = false
      } else if scalar == "\u{2400}" {
        isEscaped = true
      } else {
        scalars.append(scalar)
      }
    }
    return String(scalars)
  }

  /// PostgreSQL calls the year 0 the year 1 before Christ.
  private static func appendDay(_ time: Milliseconds, to output: inout [UInt8]) {
    let day = SQLValue.text(ofDay: time)
    output.append(contentsOf: day.hasPrefix("0000-") ? "0001\(day.dropFirst(4)) BC".utf8 : day.utf8)
  }

  private static func appendEscaped(_ text: String, to output: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): output.append(#"\\"#)
      case UInt8(ascii: "\t"): output.append(#"\t"#)
      case UInt8(ascii: "\n"): output.append(#"\n"#)
      case UInt8(ascii: "\r"): output.append(#"\r"#)
      default: output.append(byte)
      }
    }
  }
}
