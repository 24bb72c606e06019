// Safety: reads only inside the bytes it is given.

import Attribution

/// The bytes that a JSON string must escape: quotes, backslashes and control characters.
enum EscapedBytes {
  /// A one in each byte.
  private static let ones: UInt64 = 0x0101_0101_0101_0101

  /// Has the top bit of some byte set exactly if there is a byte to be escaped (a borrow can reach only
  /// the bytes above one that is marked already).
  ///
  /// The zero-in-word test is from Henry S. Warren, Hacker's Delight, section 6-1.
  @inline(__always)
  private static func marks(of word: UInt64) -> UInt64 {
    let quotes = word ^ (ones &* UInt64(ASCII.quote))
    let backslashes = word ^ (ones &* UInt64(ASCII.backslash))
    let control = (word &- (ones &* 0x20)) & ~word
    let quote = (quotes &- ones) & ~quotes
    let backslash = (backslashes &- ones) & ~backslashes
    return control | quote | backslash
  }

  /// Whether a text holds any: eight bytes at a time.
  @inline(__always)
  static func areIn(_ text: BorrowedBytes) -> Bool {
    let start = UnsafeRawPointer(text.start)
    var index = 0
    while text.count - index >= 8 {
      let word = start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if marks(of: word) & (ones &* 0x80) != 0 { return true }
      index += 8
    }
    while index < text.count {
      if contains(text[index]) { return true }
      index += 1
    }
    return false
  }

  @inline(__always)
  static func contains(_ byte: UInt8) -> Bool {
    byte < ASCII.space || byte == ASCII.quote || byte == ASCII.backslash
  }
}
