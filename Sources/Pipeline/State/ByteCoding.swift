import Attribution

// Safety: reads go through `ByteReader`, which checks every length against what is left.

extension [UInt8] {
  /// Appends an integer's bytes, least significant first.
  @inline(__always)
  mutating func append<Integer: FixedWidthInteger>(integer: Integer) {
    Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
  }

  /// Appends an integer in as few 7-bit groups as it needs.
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Appends a signed integer, small magnitudes short.
  mutating func append(signed value: Int64) {
    append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// Appends at most 255 bytes behind their count.
  mutating func append(short bytes: BorrowedBytes) {
    append(UInt8(bytes.count))
    append(contentsOf: bytes.buffer)
  }

  mutating func append(_ hash: Hash128) {
    append(integer: hash.high)
    append(integer: hash.low)
  }
}

/// Takes values off the front of borrowed bytes; nil once they run out.
struct ByteReader {
  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) -> Integer? {
    let size = MemoryLayout<Integer>.size
    guard rest.count >= size else { return nil }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest[size...]) }
    return Integer(littleEndian: rest.loadUnaligned(as: Integer.self))
  }

  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte: UInt8 = integer() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }

  mutating func signed() -> Int64? {
    varint().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
  }

  mutating func short() -> BorrowedBytes? {
    guard let count: UInt8 = integer(), rest.count >= Int(count) else { return nil }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest[Int(count)...]) }
    return BorrowedBytes(UnsafeRawBufferPointer(rebasing: rest[..<Int(count)]))
  }

  mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer? {
    guard rest.count >= count else { return nil }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
    return UnsafeRawBufferPointer(rebasing: rest[..<count])
  }

  mutating func hash() -> Hash128? {
    guard let high: UInt64 = integer(), let low: UInt64 = integer() else { return nil }
    return Hash128(high: high, low: low)
  }
}
