// Safety: a `BorrowedBytes` never owns what it points to. Whoever makes one keeps the memory alive
// and unchanged until the call that takes it has returned; nothing in this package stores one longer.

/// A borrowed run of bytes: a name or an id inside a record that somebody else owns.
///
/// The decoder lends the bytes of a record's strings without copying them. Comparison is by bytes.
public struct BorrowedBytes {
  public let start: UnsafePointer<UInt8>
  public let count: Int

  @inlinable
  public init(start: UnsafePointer<UInt8>, count: Int) {
    self.start = start
    self.count = count
  }

  @inlinable
  public init(_ buffer: UnsafeRawBufferPointer) {
    self.count = buffer.count
    self.start =
      buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? BorrowedBytes.empty.start
  }

  /// No bytes at all; an absent optional field reads as this.
  @inlinable public static var empty: BorrowedBytes {
    // An address that is never read: a stored one would be looked up behind a lock's check each time.
    BorrowedBytes(start: UnsafePointer(bitPattern: 16).unsafelyUnwrapped, count: 0)
  }

  @inlinable public var isEmpty: Bool { count == 0 }

  @inlinable public var buffer: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: count)
  }

  @inlinable public subscript(index: Int) -> UInt8 { start[index] }

  /// A copy as text; the bytes are UTF-8 wherever the decoder made them.
  public var string: String { String(decoding: buffer, as: UTF8.self) }
}
