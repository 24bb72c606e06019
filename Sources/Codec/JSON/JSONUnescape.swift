// Safety: reads only within `text`, which the scanner has found well formed, so that every escape
// is complete; writes at most `text.count` bytes, for which the caller provides room.

import Attribution

extension BorrowedBytes {
  /// Writes what this JSON string's text means, escapes resolved, and returns how many bytes.
  ///
  /// The text must come from the scanner. No escape is shorter than what it stands for, so
  /// `count` bytes of room are always enough.
  func unescape(into output: UnsafeMutablePointer<UInt8>) -> Int {
    var read = 0
    var written = 0
    while read < count {
      let byte = self[read]
      guard byte == ASCII.backslash else {
        output[written] = byte
        read += 1
        written += 1
        continue
      }
      let letter = self[read + 1]
      guard letter == UInt8(ascii: "u") else {
        output[written] = Self.meaning(ofEscape: letter)
        read += 2
        written += 1
        continue
      }
      var scalar = escapedUnit(at: read)
      read += 6
      if scalar & 0xFC00 == 0xD800 {
        scalar = 0x10000 + (scalar & 0x3FF) << 10 + escapedUnit(at: read) & 0x3FF
        read += 6
      }
      written += Self.encode(scalar, into: output + written)
    }
    return written
  }

  private static func meaning(ofEscape letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): ASCII.lineFeed
    case UInt8(ascii: "r"): ASCII.carriageReturn
    case UInt8(ascii: "t"): ASCII.tab
    default: letter
    }
  }

  private func escapedUnit(at index: Int) -> UInt32 {
    var unit: UInt32 = 0
    for digit in index + 2..<index + 6 {
      unit = unit << 4 | UInt32(ASCII.hexadecimalValue(self[digit]) ?? 0)
    }
    return unit
  }

  /// Writes one Unicode scalar value as UTF-8 and returns how many bytes.
  private static func encode(_ scalar: UInt32, into output: UnsafeMutablePointer<UInt8>) -> Int {
    func continuation(_ shift: UInt32) -> UInt8 {
      0x80 | UInt8(truncatingIfNeeded: scalar >> shift) & 0x3F
    }
    switch scalar {
    case ..<0x80:
      output[0] = UInt8(scalar)
      return 1
    case ..<0x800:
      output[0] = 0xC0 | UInt8(scalar >> 6)
      output[1] = continuation(0)
      return 2
    case ..<0x10000:
      output[0] = 0xE0 | UInt8(scalar >> 12)
      output[1] = continuation(6)
      output[2] = continuation(0)
      return 3
    default:
      output[0] = 0xF0 | UInt8(scalar >> 18)
      output[1] = continuation(12)
      output[2] = continuation(6)
      output[3] = continuation(0)
      return 4
    }
  }
}
