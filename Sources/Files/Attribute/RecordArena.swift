// Safety: owns its memory. Records are given out as pointers into it, which are good until the next
// `removeAll` or `append`; `FileReader` appends a whole batch before it lends any of it.

import Attribution

/// Copies of records, one behind the other, in memory that is used again.
struct RecordArena: ~Copyable {
  private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
  private(set) var byteCount = 0
  private var ends: [Int] = []

  deinit { memory.deallocate() }

  var count: Int { ends.count }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if byteCount + bytes.count > memory.count { grow(to: byteCount + bytes.count) }
    UnsafeMutableRawBufferPointer(rebasing: memory[byteCount...]).copyMemory(from: bytes)
    byteCount += bytes.count
    ends.append(byteCount)
  }

  mutating func removeAll() {
    byteCount = 0
    ends.removeAll(keepingCapacity: true)
  }

  subscript(index: Int) -> UnsafeRawBufferPointer {
    let start = index == 0 ? 0 : ends[index - 1]
    return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[start..<ends[index]])
  }

  private mutating func grow(to least: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(least, 2 * memory.count), alignment: 16)
    larger.copyMemory(from: .init(rebasing: UnsafeRawBufferPointer(memory)[..<byteCount]))
    memory.deallocate()
    memory = larger
  }
}
