// Safety: reads only inside the bytes it is given; words after a comparison of the distance to their end.

import Attribution

extension BorrowedBytes {
  /// Whether the bytes are well-formed UTF-8 (table 3-7 of the Unicode Standard).
  package var isUTF8: Bool {
    var index = 0
    while index < count {
      if count - index >= 8,
        UnsafeRawPointer(start + index).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        index += 8
        continue
      }
      if self[index] < 0x80 {
        index += 1
        continue
      }
      guard let length = characterLength(at: index) else { return false }
      index += length
    }
    return true
  }

  /// Bytes of the character of two to four bytes that begins here; nil where it is malformed.
  private func characterLength(at index: Int) -> Int? {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch self[index] {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return nil
    }
    guard count - index >= length, second.contains(self[index + 1]) else { return nil }
    for place in index + 2..<index + length where self[place] & 0xC0 != 0x80 { return nil }
    return length
  }

  /// These bytes as a string's value: broken where they are no text.
  package var stringSpan: JSONSpan { JSONSpan(isUTF8 ? .string : .brokenString, self) }
}
