// Safety: `memory` is allocated and freed here. Whatever is appended is preceded by `reserve`, which
// makes room for it; what others write into that room is theirs to keep within it.

import Attribution

/// A record that is being written, in memory that is kept for the next one.
///
/// An array of bytes asks before each append whether it is shared. Records are written in many small
/// pieces and belong to one writer, so this only looks whether there is room. Appending is O(1) but for
/// the growth of the memory, which doubles.
public struct RecordBuffer: ~Copyable {
  @usableFromInline var memory: UnsafeMutablePointer<UInt8>
  @usableFromInline var capacity: Int
  @usableFromInline var length = 0

  public init(capacity: Int = 256) {
    self.capacity = capacity
    memory = .allocate(capacity: capacity)
  }

  deinit { memory.deallocate() }

  /// Bytes written.
  @inlinable public var count: Int { length }
  @inlinable public var isEmpty: Bool { length == 0 }
  /// Bytes of memory held.
  public var room: Int { capacity }

  /// What has been written, valid until the next change.
  @inlinable public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: memory, count: length)
  }

  /// Begins another record.
  @inlinable public mutating func removeAll() { length = 0 }

  // MARK: Room

  /// The free room behind what is written, valid until the next change.
  ///
  /// - Parameter room: how many bytes it has at least.
  @inlinable
  public mutating func reserve(_ room: Int) -> UnsafeMutablePointer<UInt8> {
    if capacity &- length < room { grow(by: room) }
    return memory + length
  }

  /// Takes what has been written into the reserved room for a part of the record.
  ///
  /// - Parameter end: where that ends.
  @inlinable
  public mutating func append(through end: UnsafeRawPointer) {
    length = end - UnsafeRawPointer(memory)
  }

  @usableFromInline @inline(never)
  mutating func grow(by room: Int) {
    let former = memory
    capacity = max(2 * capacity, length + room)
    memory = .allocate(capacity: capacity)
    memory.update(from: former, count: length)
    former.deallocate()
  }
}

extension RecordBuffer: ByteSink {
  @inline(__always)
  mutating func put(_ byte: UInt8) {
    reserve(1).pointee = byte
    length &+= 1
  }

  @inline(__always)
  mutating func put(_ bytes: BorrowedBytes) {
    reserve(bytes.count).update(from: bytes.start, count: bytes.count)
    length &+= bytes.count
  }

  @inline(__always)
  mutating func put(_ part: borrowing RecordBuffer) {
    put(BorrowedBytes(start: part.memory, count: part.length))
  }
}
