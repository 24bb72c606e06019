// Safety: as in JSONScanner.swift: every read is preceded by a comparison of the cursor, or of its
// distance, with `end`.

import CIntrinsics

/// The strings of JSON: sixteen bytes at a time while they are plain, one at a time when not.
extension JSONScanner {
  /// A string with its quotes; nil when malformed.
  @inline(__always)
  mutating func string() -> JSONSpan? {
    guard take(ASCII.quote) else { return nil }
    let start = cursor
    skipPlainText()
    guard cursor < end else { return nil }
    if cursor.pointee == ASCII.quote {
      cursor += 1
      return JSONSpan(.string, from: start, to: cursor - 1)
    }
    return stringWithMore(from: start)
  }

  /// Steps to the first byte that is a quote, a backslash, a control character or not ASCII.
  @inline(__always)
  private mutating func skipPlainText() {
    while end - cursor >= 16 {
      let special = specialBytes(cursor)
      if special != 0 {
        cursor += special.trailingZeroBitCount
        return
      }
      cursor += 16
    }
    while cursor < end, Self.isPlain(cursor.pointee) { cursor += 1 }
  }

  @inline(__always)
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x80 && byte != ASCII.quote && byte != ASCII.backslash
  }

  /// The rest of a string from its first escape or its first byte beyond ASCII.
  @inline(never)
  private mutating func stringWithMore(from start: UnsafePointer<UInt8>) -> JSONSpan? {
    var kind = JSONKind.string
    while cursor < end {
      switch cursor.pointee {
      case ASCII.quote:
        cursor += 1
        return JSONSpan(kind, from: start, to: cursor - 1)
      case ASCII.backslash:
        guard let isText = skipEscape() else { return nil }
        if !isText { kind = .brokenString } else if kind == .string { kind = .escapedString }
      case 0x80...:
        guard skipMultibyteCharacter() else { return nil }
      case 0x20...:
        skipPlainText()
      default:
        return nil
      }
    }
    return nil
  }

  /// One escape, or the two of a surrogate pair; nil when malformed, false for half of a pair.
  @inline(__always)
  private mutating func skipEscape() -> Bool? {
    guard end - cursor >= 2 else { return nil }
    switch cursor[1] {
    case UInt8(ascii: "u"):
      guard let unit = escapedUnit() else { return nil }
      switch unit {
      case 0xD800...0xDBFF:
        let next = cursor
        if let low = escapedUnit(), (0xDC00...0xDFFF).contains(low) { return true }
        cursor = next
        return false
      case 0xDC00...0xDFFF:
        return false
      default:
        return true
      }
    case ASCII.quote, ASCII.backslash, ASCII.slash, UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      cursor += 2
      return true
    default:
      return nil
    }
  }

  /// The value of a `\uXXXX` at the cursor.
  @inline(__always)
  private mutating func escapedUnit() -> UInt16? {
    guard end - cursor >= 6, cursor[0] == ASCII.backslash, cursor[1] == UInt8(ascii: "u") else {
      return nil
    }
    var unit: UInt16 = 0
    for index in 2..<6 {
      guard let digit = ASCII.hexadecimalValue(cursor[index]) else { return nil }
      unit = unit << 4 | UInt16(digit)
    }
    cursor += 6
    return unit
  }

  /// One character of two to four bytes, well formed by table 3-7 of the Unicode Standard: no
  /// overlong form, no surrogate, nothing above U+10FFFF.
  @inline(__always)
  private mutating func skipMultibyteCharacter() -> Bool {
    let count: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch cursor.pointee {
    case 0xC2...0xDF: count = 2
    case 0xE0: (count, second) = (3, 0xA0...0xBF)
    case 0xED: (count, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: count = 3
    case 0xF0: (count, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: count = 4
    case 0xF4: (count, second) = (4, 0x80...0x8F)
    default: return false
    }
    guard end - cursor >= count, second.contains(cursor[1]) else { return false }
    for index in 2..<count where cursor[index] & 0xC0 != 0x80 { return false }
    cursor += count
    return true
  }
}
