// Safety: copies into the buffer that it is lent for one call, within its count.

import Files

/// The bytes of an object, as they are.
final class ObjectBytes: ByteSource {
  private let supply: PartSupply
  private var part: [UInt8] = []
  private var cursor = 0
  private(set) var consumed: Int64 = 0

  init(_ supply: PartSupply) { self.supply = supply }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if cursor == part.count {
      guard let next = try supply.next() else { return 0 }
      part = next
      cursor = 0
    }
    let count = min(buffer.count, part.count - cursor)
    part.withUnsafeBytes {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[cursor..<cursor + count]))
    }
    cursor += count
    consumed += Int64(count)
    supply.note(left: part.count - cursor)
    return count
  }
}
