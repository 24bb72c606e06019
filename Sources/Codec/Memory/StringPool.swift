// Safety: what a text lends is valid as long as the table, which is only appended to while it is made.

import Attribution

/// Texts that are the same in many records, by number: one behind the other in one memory.
struct StringPool: ~Copyable {
  private var text = RecordBuffer(capacity: 64)
  private var ends: [Int] = [0]

  var count: Int { ends.count - 1 }

  subscript(number: Int) -> BorrowedBytes {
    let start = ends[number]
    return BorrowedBytes(
      UnsafeRawBufferPointer(rebasing: text.bytes[start..<ends[number + 1]]))
  }

  /// Adds a text.
  mutating func append(_ write: (inout RecordBuffer) -> Void) {
    write(&text)
    ends.append(text.count)
  }
}
