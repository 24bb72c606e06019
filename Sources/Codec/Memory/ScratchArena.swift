// Safety: a chunk is freed only by `recycle` and `deinit`, never moved or resized, so a pointer
// from `reserve` stays good until then. The arena is used by one decoder, on one thread at a time.

import Attribution

/// Memory for strings that cannot be lent from a record because they held escapes.
///
/// Memory is handed out front to back of chunks of `chunkSize` bytes and taken back all at once.
final class ScratchArena {
  /// A reservation cannot be larger; no record is.
  static let chunkSize = EventDecoder.maximumRecordSize
  /// What is kept when a batch is over, so that one odd batch does not hold memory for ever.
  private static let keptChunks = 16

  /// How far the arena was filled at some moment.
  struct Mark {
    fileprivate var chunk: Int
    fileprivate var used: Int
  }

  private var chunks: [UnsafeMutablePointer<UInt8>] = []
  private(set) var mark = Mark(chunk: 0, used: 0)

  deinit {
    for chunk in chunks { chunk.deallocate() }
  }

  /// The meaning of an escaped string, in memory that stays until `recycle` or an earlier `rewind`.
  func unescape(_ text: BorrowedBytes) -> BorrowedBytes {
    let room = reserve(text.count)
    let count = text.unescape(into: room)
    mark.used += count
    return BorrowedBytes(start: room, count: count)
  }

  /// Room for so many values, for as long as what `unescape` makes.
  func reserve<Value>(_ type: Value.Type, _ count: Int) -> UnsafeMutablePointer<Value> {
    let alignment = MemoryLayout<Value>.alignment
    let size = count * MemoryLayout<Value>.stride
    // The padding, too, must fit the chunk.
    let start = UnsafeMutableRawPointer(reserve(size + alignment)).alignedUp(
      toMultipleOf: alignment)
    mark.used += size + alignment
    return start.bindMemory(to: type, capacity: count)
  }

  /// Forgets everything handed out since `earlier`.
  func rewind(to earlier: Mark) { mark = earlier }

  /// Forgets everything handed out.
  func recycle() {
    mark = Mark(chunk: 0, used: 0)
    while chunks.count > Self.keptChunks { chunks.removeLast().deallocate() }
  }

  private func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    precondition(count <= Self.chunkSize, "a string larger than any record")
    if mark.used + count > Self.chunkSize {
      mark = Mark(chunk: mark.chunk + 1, used: 0)
    }
    if mark.chunk == chunks.count {
      chunks.append(.allocate(capacity: Self.chunkSize))
    }
    return chunks[mark.chunk] + mark.used
  }
}
