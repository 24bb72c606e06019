// Safety: `ByteWriter` writes where its maker has made room, as its users' headers say. `ByteReader` moves
// its cursor only by `take`, which compares with `end` first; what it lends is valid as long as the bytes it
// was made of.

import Attribution

extension [UInt8] {
  /// Appends an integer's bytes, least significant first.
  @inlinable @inline(__always)
  package mutating func append<Integer: FixedWidthInteger>(integer: Integer) {
    Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
  }

  /// Appends at most 255 bytes behind their count.
  @inlinable
  package mutating func append(short bytes: [UInt8]) {
    precondition(bytes.count <= 255, "too long for a short field")
    append(UInt8(bytes.count))
    append(contentsOf: bytes)
  }

  /// Appends an integer in as few 7-bit groups as it needs.
  @inlinable
  package mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Appends a signed integer, small magnitudes short.
  @inlinable
  package mutating func append(signed value: Int64) {
    append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }
}

// Public, not `package`: Swift 6.3 inlines and specializes only what is public into other modules.

/// Writes values one after the other into memory that has room for them: its maker sees to that.
public struct ByteWriter {
  @usableFromInline var next: UnsafeMutableRawPointer

  /// Where the next value goes.
  @inlinable public var cursor: UnsafeMutableRawPointer { next }

  @inlinable
  public init(_ start: UnsafeMutableRawPointer) { next = start }

  /// An integer's bytes, least significant first.
  @inlinable @inline(__always)
  public mutating func put<Integer: FixedWidthInteger & BitwiseCopyable>(integer: Integer) {
    next.storeBytes(of: integer.littleEndian, as: Integer.self)
    next += MemoryLayout<Integer>.size
  }

  /// The most bytes that a varint takes.
  public static let longestVarint = 10

  /// An integer in as few 7-bit groups as it needs.
  @inlinable @inline(__always)
  public mutating func put(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      put(integer: UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    put(integer: UInt8(truncatingIfNeeded: rest))
  }

  /// A signed integer, small magnitudes short.
  @inlinable @inline(__always)
  public mutating func put(signed value: Int64) {
    put(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// At most 255 bytes behind their count.
  @inlinable @inline(__always)
  public mutating func put(short bytes: BorrowedBytes) {
    put(integer: UInt8(bytes.count))
    put(bytes)
  }

  @inlinable @inline(__always)
  public mutating func put(_ bytes: BorrowedBytes) {
    next.copyMemory(from: bytes.start, byteCount: bytes.count)
    next += bytes.count
  }
}

/// Takes values off the front of borrowed bytes.
///
/// Past the end it yields zeros and is `isCut` from then on, so that callers check once for many
/// values.
public struct ByteReader {
  @usableFromInline var cursor: UnsafeRawPointer
  @usableFromInline let end: UnsafeRawPointer
  @usableFromInline var hasFallenShort = false

  /// Whether more was asked for than there was.
  @inlinable public var isCut: Bool { hasFallenShort }

  @inlinable
  public init(_ bytes: UnsafeRawBufferPointer) {
    let bytes = BorrowedBytes(bytes)
    cursor = UnsafeRawPointer(bytes.start)
    end = cursor + bytes.count
  }

  @inlinable
  public var isAtEnd: Bool { cursor == end }

  @inlinable @inline(__always)
  public mutating func take(_ count: Int) -> UnsafeRawPointer? {
    guard end - cursor >= count else {
      hasFallenShort = true
      cursor = end
      return nil
    }
    defer { cursor += count }
    return cursor
  }

  @inlinable @inline(__always)
  public mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
    _: Integer.Type = Integer.self
  ) -> Integer {
    guard let start = take(MemoryLayout<Integer>.size) else { return 0 }
    return Integer(littleEndian: start.loadUnaligned(as: Integer.self))
  }

  @inlinable @inline(__always)
  public mutating func varint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 {
      let byte: UInt8 = integer()
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    hasFallenShort = true
    return 0
  }

  @inlinable @inline(__always)
  public mutating func signed() -> Int64 {
    let bits = varint()
    return Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1)
  }

  /// Bytes behind their count.
  @inlinable @inline(__always)
  public mutating func short() -> BorrowedBytes {
    let count: UInt8 = integer()
    return BorrowedBytes(bytes(Int(count)))
  }

  /// Empty when fewer are left.
  @inlinable @inline(__always)
  public mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: take(count), count: isCut ? 0 : count)
  }
}
