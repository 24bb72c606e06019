// Safety: the layouts below are written and read only at addresses that `BucketArena` made for
// them, with the id's bytes right behind the fixed part.

/// A remembered touch. Its event id follows it in memory.
struct StoredTouch {
  /// The next older touch of the same user.
  var next: BucketArena.Link
  var time: Milliseconds
  /// Hash of the session id; meaningless without `hasSession`.
  var session: UInt64
  var placement: UInt32
  var kind: EventKind
  var hasSession: Bool
  var idCount: UInt8
}

/// A remembered conversion. Its event id and its user's id follow it in memory.
struct StoredConversion {
  /// The next older conversion of the same user.
  var next: BucketArena.Link
  var time: Milliseconds
  var value: Micros
  /// How often its attribution has been published.
  var revision: Int32
  /// Whether its attribution must be published with the next commit.
  var isDirty: Bool
  var idCount: UInt8
  var userCount: UInt8
}

typealias TouchPointer = UnsafeMutablePointer<StoredTouch>
typealias ConversionPointer = UnsafeMutablePointer<StoredConversion>

extension UnsafeMutablePointer where Pointee == StoredTouch {
  var id: BorrowedBytes { trailing(0, Int(pointee.idCount)) }

  /// Whether this touch comes after (`time`, `id`) in the order of a journey.
  func isAfter(_ time: Milliseconds, _ id: BorrowedBytes) -> Bool {
    pointee.time != time ? pointee.time > time : self.id.isAfter(id)
  }
}

extension UnsafeMutablePointer where Pointee == StoredConversion {
  var id: BorrowedBytes { trailing(0, Int(pointee.idCount)) }
  var user: BorrowedBytes { trailing(Int(pointee.idCount), Int(pointee.userCount)) }
}

extension UnsafeMutablePointer {
  /// Bytes that lie behind the fixed part of a record.
  fileprivate func trailing(_ offset: Int, _ count: Int) -> BorrowedBytes {
    let start = UnsafeRawPointer(self + 1) + offset
    return BorrowedBytes(start: start.assumingMemoryBound(to: UInt8.self), count: count)
  }

  /// Copies `bytes` behind the fixed part of a record.
  func setTrailing(_ offset: Int, _ bytes: BorrowedBytes) {
    (UnsafeMutableRawPointer(self + 1) + offset)
      .copyMemory(from: bytes.start, byteCount: bytes.count)
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
