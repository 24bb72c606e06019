// Safety: reads only inside the bytes it was made of; writes only to the room that callers give,
// whose size they take from `unpackedCount` or `packedCount`.

/// An event id as touches keep it: UUIDs in 16 bytes, everything else as it came.
///
/// Only the canonical form (36 characters, lower case) is packed, so nothing is lost.
struct PackedID {
  let bytes: BorrowedBytes
  let isPacked: Bool

  static let packedCount = 16
  static let longest = 128
  fileprivate static let uuidCount = 36

  init(bytes: BorrowedBytes, isPacked: Bool) {
    self.bytes = bytes
    self.isPacked = isPacked
  }

  /// - Parameter scratch: `packedCount` bytes that live as long as the result.
  init(_ id: BorrowedBytes, scratch: UnsafeMutablePointer<UInt8>) {
    let isPacked = PackedID.pack(id, into: scratch)
    self.init(
      bytes: isPacked ? BorrowedBytes(start: scratch, count: PackedID.packedCount) : id,
      isPacked: isPacked)
  }

  /// Bytes to keep.
  var count: Int { bytes.count }
  /// Bytes of the id itself.
  var unpackedCount: Int { isPacked ? PackedID.uuidCount : bytes.count }

  /// Writes the id itself.
  func unpack(into output: UnsafeMutablePointer<UInt8>) {
    guard isPacked else {
      output.update(from: bytes.start, count: bytes.count)
      return
    }
    var position = 0
    for index in 0..<PackedID.packedCount {
      if PackedID.isDash(position) {
        output[position] = UInt8(ascii: "-")
        position += 1
      }
      output[position] = PackedID.digit(bytes[index] >> 4)
      output[position + 1] = PackedID.digit(bytes[index] & 15)
      position += 2
    }
  }

  /// Whether this id comes after another in the order of their bytes.
  func isAfter(_ other: PackedID) -> Bool {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * PackedID.longest) { room in
      let left = room.baseAddress!
      let right = left + PackedID.longest
      unpack(into: left)
      other.unpack(into: right)
      return BorrowedBytes(start: left, count: unpackedCount)
        .isAfter(BorrowedBytes(start: right, count: other.unpackedCount))
    }
  }

  private static func pack(_ id: BorrowedBytes, into output: UnsafeMutablePointer<UInt8>) -> Bool {
    guard id.count == uuidCount, id[8] == UInt8(ascii: "-") else { return false }
    var position = 0
    for index in 0..<packedCount {
      if isDash(position) {
        guard id[position] == UInt8(ascii: "-") else { return false }
        position += 1
      }
      let high = value(id[position])
      let low = value(id[position + 1])
      guard (high | low) < 16 else { return false }
      output[index] = high << 4 | low
      position += 2
    }
    return true
  }

  private static func isDash(_ position: Int) -> Bool {
    position == 8 || position == 13 || position == 18 || position == 23
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The value of a lower-case hexadecimal digit; 255 when it is none.
  private static func value(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: .max
    }
  }
}

/// Room for the ids of an attribution's touches, as they came.
struct UnpackedIDs: ~Copyable {
  private var room: UnsafeMutablePointer<UInt8>
  private var capacity = 16

  init() { room = .allocate(capacity: capacity * PackedID.uuidCount) }

  deinit { room.deallocate() }

  /// Makes room for `count` ids; what was lent before is gone.
  mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    capacity = max(count, 2 * capacity)
    room.deallocate()
    room = .allocate(capacity: capacity * PackedID.uuidCount)
  }

  /// The id itself, valid until the next `reserve` and as long as `id` is.
  func unpacked(_ id: PackedID, at index: Int) -> BorrowedBytes {
    guard id.isPacked else { return id.bytes }
    let start = room + index * PackedID.uuidCount
    id.unpack(into: start)
    return BorrowedBytes(start: start, count: PackedID.uuidCount)
  }
}

extension BorrowedBytes {
  /// Byte order, shorter first among equals.
  func isAfter(_ other: BorrowedBytes) -> Bool {
    let order = compare(other)
    return order != 0 ? order > 0 : count > other.count
  }

  /// The difference of the first bytes that differ, 0 if one is a prefix of the other.
  private func compare(_ other: BorrowedBytes) -> Int {
    for index in 0..<min(count, other.count) where start[index] != other.start[index] {
      return Int(start[index]) - Int(other.start[index])
    }
    return 0
  }

  func equals(_ other: BorrowedBytes) -> Bool {
    count == other.count && compare(other) == 0
  }
}
