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
