// Safety: a chunk is freed only by `recycle` and `deinit`, never moved or resized, so a pointer
// from `reserve` stays good until then. The arena is used by one decoder, on one thread at a time.

import Attribution

/// Memory for strings that cannot be lent from a record because they held escapes.
///
/// Memory is handed out front to back of chunks of `chunkSize` bytes and taken back all at once.
package final class ScratchArena {
  /// A reservation cannot be larger; no record is.
  static let chunkSize = EventDecoder.maximumRecordSize
  /// What is kept when a batch is over, so that one odd batch does not hold memory for ever.
  private static let keptChunks = 16

  /// How far the arena was filled at some moment.
  package struct Mark {
    fileprivate var chunk: Int
    fileprivate var used: Int
  }

  private var chunks: [UnsafeMutablePointer<UInt8>] = []
  /// Within this module, so that an access need not be checked.
  private var filled = Mark(chunk: 0, used: 0)

  package init() {}

  /// How far it is filled now.
  package var mark: Mark { filled }

  deinit {
    for chunk in chunks { chunk.deallocate() }
  }

  /// The meaning of an escaped string, in memory that stays until `recycle` or an earlier `rewind`.
  package func unescape(_ text: BorrowedBytes) -> BorrowedBytes {
    let room = reserve(text.count)
    let count = text.unescape(into: room)
    filled.used += count
    return BorrowedBytes(start: room, count: count)
  }

  /// Room for so many values, for as long as what `unescape` makes.
  func reserve<Value>(_ type: Value.Type, _ count: Int) -> UnsafeMutablePointer<Value> {
    let alignment = MemoryLayout<Value>.alignment
    let size = count * MemoryLayout<Value>.stride
    // The padding, too, must fit the chunk.
    let start = UnsafeMutableRawPointer(reserve(size + alignment)).alignedUp(
      toMultipleOf: alignment)
    filled.used += size + alignment
    return start.bindMemory(to: type, capacity: count)
  }

  /// Forgets everything handed out since `earlier`.
  package func rewind(to earlier: Mark) { filled = earlier }

  /// Forgets everything handed out.
  package func recycle() {
    filled = Mark(chunk: 0, used: 0)
    while chunks.count > Self.keptChunks { chunks.removeLast().deallocate() }
  }

  /// A copy of bytes, at most `chunkSize` of them, in memory that stays as long.
  package func keep(_ bytes: UnsafeRawBufferPointer) -> BorrowedBytes {
    let room = reserve(bytes.count)
    UnsafeMutableRawBufferPointer(start: room, count: bytes.count).copyMemory(from: bytes)
    filled.used += bytes.count
    return BorrowedBytes(start: room, count: bytes.count)
  }

  /// A copy of a text, in memory that stays as long.
  package func keep(text: [UInt8]) -> BorrowedBytes { text.withUnsafeBytes { keep($0) } }

  /// The digits of a number, in memory that stays as long.
  package func keep(decimal value: Int64) -> BorrowedBytes {
    // 20 bytes are the most that 64 bits need.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { room in
      var start = 20
      var rest = value.magnitude
      repeat {
        start -= 1
        room[start] = ASCII.zero + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      if value < 0 {
        start -= 1
        room[start] = ASCII.minus
      }
      return keep(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[start...]))
    }
  }

  /// A text and two numbers with hyphens between them, in memory that stays as long.
  package func keep(joining text: BorrowedBytes, _ first: Int64, _ second: Int64) -> BorrowedBytes {
    // So many digits and signs two numbers have at most. What follows stays in this room.
    let room = reserve(text.count + 2 * 21)
    let start = filled.used
    _ = keep(text.buffer)
    room[filled.used - start] = ASCII.minus
    filled.used += 1
    _ = keep(decimal: first)
    room[filled.used - start] = ASCII.minus
    filled.used += 1
    _ = keep(decimal: second)
    return BorrowedBytes(start: room, count: filled.used - start)
  }

  private func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    precondition(count <= Self.chunkSize, "a string larger than any record")
    if filled.used + count > Self.chunkSize {
      filled = Mark(chunk: filled.chunk + 1, used: 0)
    }
    if filled.chunk == chunks.count {
      chunks.append(.allocate(capacity: Self.chunkSize))
    }
    return chunks[filled.chunk] + filled.used
  }
}
