// Safety: hands out memory that its caller owns and gives back with the same size.

import CMemory

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Zeroed memory for hash tables and slabs of segments.
///
/// Large ones are read at random: huge pages, where the system has them, save a page walk for nearly every
/// read. So from a megabyte on memory begins at a multiple of a huge page. Pages that are never touched take
/// no memory.
enum TableMemory {
  private static let largeSize = 1 << 20
  private static let page = 4_096
  static let hugePage = 2 << 20

  static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    guard byteCount >= largeSize else {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
      return memory
    }
    // The kernel gives huge pages only at their multiples: what lies before the first goes back.
    let room = mmap(
      nil, byteCount + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let room, room != MAP_FAILED else { fatalError("out of memory") }
    let memory = room.alignedUp(toMultipleOf: hugePage)
    let end = (memory + byteCount).alignedUp(toMultipleOf: page)
    if memory > room { munmap(room, memory - room) }
    if room + byteCount + hugePage > end { munmap(end, room + byteCount + hugePage - end) }
    madvise(memory, byteCount, MADV_HUGEPAGE)
    return memory
  }

  /// The same memory with another size: what is there stays, and what is new is zeroed. Nothing is copied
  /// while it is large, the pages are only given other addresses.
  static func resize(
    _ memory: UnsafeMutableRawPointer, from byteCount: Int, to newByteCount: Int
  ) -> UnsafeMutableRawPointer {
    guard newByteCount != byteCount else { return memory }
    if byteCount >= largeSize, newByteCount >= largeSize {
      let size = byteCount.roundedUp(toMultipleOf: page)
      let newSize = newByteCount.roundedUp(toMultipleOf: page)
      guard newSize > size else {
        if newSize < size { munmap(memory + newSize, size - newSize) }
        return memory
      }
      // Not where the kernel likes: huge pages keep their kind only at their multiples.
      let room = allocate(newByteCount)
      guard moveMapping(memory, size, newSize, room) else { fatalError("out of memory") }
      // A table's entries are spread over all of it at once.
      populate(room + size, newSize - size)
      return room
    }
    let room = allocate(newByteCount)
    room.copyMemory(from: memory, byteCount: min(byteCount, newByteCount))
    deallocate(memory, byteCount)
    return room
  }

  static func deallocate(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) {
    if byteCount < largeSize { memory.deallocate() } else { munmap(memory, byteCount) }
  }
}

extension Int {
  fileprivate func roundedUp(toMultipleOf size: Int) -> Int { (self + size - 1) / size * size }
}
