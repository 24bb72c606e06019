/// An independent judge of RFC 8259: plain recursive descent over the scalars of text that Swift's
/// own decoder has found to be UTF-8. Slow, obvious, and shares no line with the scanner.
struct ReferenceJSON {
  private var rest: ArraySlice<Unicode.Scalar>

  /// Whether `bytes` are one well-formed JSON object.
  static func isObject(_ bytes: [UInt8]) -> Bool {
    guard let text = String(validating: bytes, as: UTF8.self) else { return false }
    var judge = ReferenceJSON(rest: Array(text.unicodeScalars)[...])
    judge.blanks()
    guard judge.rest.first == "{", judge.value() else { return false }
    judge.blanks()
    return judge.rest.isEmpty
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard rest.first == scalar else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func take(_ word: String) -> Bool {
    guard rest.starts(with: word.unicodeScalars) else { return false }
    rest.removeFirst(word.unicodeScalars.count)
    return true
  }

  private mutating func blanks() {
    while let next = rest.first, " \n\r\t".unicodeScalars.contains(next) { rest.removeFirst() }
  }

  private mutating func value() -> Bool {
    switch rest.first {
    case "{": return members(from: "{", to: "}") { $0.string() && $0.colon() && $0.value() }
    case "[": return members(from: "[", to: "]") { $0.value() }
    case "\"": return string()
    case "t": return take("true")
    case "f": return take("false")
    case "n": return take("null")
    default: return number()
    }
  }

  private mutating func members(
    from open: Unicode.Scalar, to close: Unicode.Scalar,
    _ member: (inout ReferenceJSON) -> Bool
  ) -> Bool {
    guard take(open) else { return false }
    blanks()
    if take(close) { return true }
    repeat {
      blanks()
      guard member(&self) else { return false }
      blanks()
    } while take(",")
    return take(close)
  }

  private mutating func colon() -> Bool {
    blanks()
    guard take(":") else { return false }
    blanks()
    return true
  }

  private mutating func number() -> Bool {
    _ = take("-")
    if !take("0") {
      guard digits() else { return false }
    }
    if take(".") {
      guard digits() else { return false }
    }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      return digits()
    }
    return true
  }

  private mutating func digits() -> Bool {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    rest.removeFirst(digits.count)
    return !digits.isEmpty
  }

  private mutating func string() -> Bool {
    guard take("\"") else { return false }
    while let next = rest.popFirst() {
      if next == "\"" { return true }
      if next.value < 0x20 { return false }
      if next == "\\" {
        guard escape() else { return false }
      }
    }
    return false
  }

  private mutating func escape() -> Bool {
    guard let letter = rest.popFirst() else { return false }
    if letter != "u" { return "\"\\/bfnrt".unicodeScalars.contains(letter) }
    // Half of a surrogate pair is no text, but well-formed all the same (RFC 8259, section 8.2).
    return unit() != nil
  }

  private mutating func unit() -> Int? {
    let digits = rest.prefix(4)
    let isHexadecimal = digits.allSatisfy { $0.isASCII && $0.properties.isASCIIHexDigit }
    guard digits.count == 4, isHexadecimal else { return nil }
    rest.removeFirst(4)
    return Int(String(String.UnicodeScalarView(digits)), radix: 16)
  }
}
