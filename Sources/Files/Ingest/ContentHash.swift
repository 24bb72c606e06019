import Attribution

/// Tells contents of files apart: 128 bits over all bytes, and their number. Not meant against somebody
/// who wants two files to be taken for one.
struct ContentHash: Hashable {
  private var high: UInt64 = 0
  private var low: UInt64 = 0
  private var size: Int64 = 0

  /// Of a file, as it lies on the disk.
  init(ofFile path: String) throws {
    let file = try FileBytes(path)
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: RecordLimit.chunk, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      // Whole chunks, however much a read brings: the hash must not depend on that.
      var filled = 0
      while filled < chunk.count {
        let count = try file.read(into: .init(rebasing: chunk[filled...]))
        if count == 0 { break }
        filled += count
      }
      guard filled > 0 else { return }
      add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[..<filled]))
    }
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let first = Hash128(BorrowedBytes(bytes), seed: high)
    let second = Hash128(BorrowedBytes(bytes), seed: low ^ 0x5851_F42D_4C95_7F2D)
    high = first.high
    low = second.low
    size += Int64(bytes.count)
  }

  var text: String {
    func hexadecimal(_ word: UInt64) -> String {
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    return "\(hexadecimal(high))\(hexadecimal(low))-\(size)"
  }
}
