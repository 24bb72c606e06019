// Safety: reads between `cursor` and `end` of bytes lent for one call; every read is preceded by a comparison of their
// distance.

import Attribution

/// Protobuf's wire format: tags, numbers and lengths.
struct WireReader {
  private(set) var cursor: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>

  private static let deepestGroup = 64

  @inline(__always)
  init(_ bytes: BorrowedBytes) {
    cursor = bytes.start
    end = bytes.start + bytes.count
  }

  @inline(__always)
  var isAtEnd: Bool { cursor == end }

  /// A value as the wire has it.
  enum Value {
    case number(UInt64)
    case word32(UInt32)
    case word64(UInt64)
    case bytes(BorrowedBytes)
    /// The inside of a group.
    case group(BorrowedBytes)
  }

  /// A number of up to ten bytes; nil where it is cut or longer.
  @inline(__always)
  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while cursor < end, shift < 70 {
      let byte = cursor.pointee
      cursor += 1
      if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  /// The next field; nil where the bytes are malformed.
  @inline(__always)
  mutating func field() -> (number: UInt32, value: Value)? {
    guard let tag = varint(), let number = UInt32(exactly: tag >> 3), number > 0,
      number < 1 << 29, let value = value(type: UInt8(tag & 7), number, depth: 0)
    else { return nil }
    return (number, value)
  }

  private mutating func value(type: UInt8, _ number: UInt32, depth: Int) -> Value? {
    switch type {
    case 0: return varint().map { .number($0) }
    case 1: return word(UInt64.self).map { .word64($0) }
    case 5: return word(UInt32.self).map { .word32($0) }
    case 2:
      guard let length = varint(), length <= UInt64(end - cursor) else { return nil }
      defer { cursor += Int(length) }
      return .bytes(BorrowedBytes(start: cursor, count: Int(length)))
    case 3:
      guard depth < Self.deepestGroup else { return nil }
      let start = cursor
      while true {
        let before = cursor
        guard let tag = varint(), let inner = UInt32(exactly: tag >> 3), inner > 0 else {
          return nil
        }
        if tag & 7 == 4 {
          guard inner == number else { return nil }
          return .group(BorrowedBytes(start: start, count: before - start))
        }
        guard value(type: UInt8(tag & 7), inner, depth: depth + 1) != nil else { return nil }
      }
    default: return nil
    }
  }

  mutating func word32() -> UInt32? { word(UInt32.self) }

  mutating func word64() -> UInt64? { word(UInt64.self) }

  private mutating func word<Word: FixedWidthInteger & BitwiseCopyable>(_ type: Word.Type) -> Word?
  {
    guard end - cursor >= MemoryLayout<Word>.size else { return nil }
    defer { cursor += MemoryLayout<Word>.size }
    return Word(littleEndian: UnsafeRawPointer(cursor).loadUnaligned(as: type))
  }
}
