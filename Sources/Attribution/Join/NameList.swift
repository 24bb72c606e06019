// Safety: the block is allocated by `init` and freed by `deallocate`, which its owner calls once; what is lent lies
// in it. Its first byte says how many lengths follow, and those how many bytes belong to each name.

/// A few names of up to 255 bytes each, in one block of memory: how many, their lengths, their bytes.
struct NameList {
  private let block: UnsafeMutablePointer<UInt8>

  /// Copies what `name` lends.
  init(count: Int, _ name: (Int) -> BorrowedBytes) {
    var size = 1 + count
    for index in 0..<count { size += name(index).count }
    block = .allocate(capacity: size)
    block[0] = UInt8(count)
    var end = block + 1 + count
    for index in 0..<count {
      let name = name(index)
      block[1 + index] = UInt8(name.count)
      end.update(from: name.start, count: name.count)
      end += name.count
    }
  }

  func deallocate() { block.deallocate() }

  var count: Int { Int(block[0]) }

  /// What the allocator takes for it: blocks of sixteen bytes, eight of them its own.
  var allocatedBytes: Int {
    var size = 1 + count
    for index in 0..<count { size += Int(block[1 + index]) }
    return max(32, size + 23 & ~15)
  }

  /// A name, lent. O(index).
  subscript(index: Int) -> BorrowedBytes {
    var start = block + 1 + count
    for before in 0..<index { start += Int(block[1 + before]) }
    return BorrowedBytes(start: start, count: Int(block[1 + index]))
  }

  /// Whether these are the names that `name` lends, as many as there are.
  @inline(__always)
  func equals(_ name: (Int) -> BorrowedBytes) -> Bool {
    var start = block + 1 + count
    for index in 0..<count {
      let own = BorrowedBytes(start: start, count: Int(block[1 + index]))
      guard own.equals(name(index)) else { return false }
      start += own.count
    }
    return true
  }
}
