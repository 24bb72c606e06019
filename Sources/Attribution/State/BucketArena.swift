// Safety: segments are allocated and freed here. A `Link` is only ever made by `append`, so an
// address it yields lies within its segment; a link into a dropped segment yields nil.

/// Memory for records that live and die with their event-time bucket.
///
/// Records are appended to segments; a bucket's segments are dropped whole. Serial numbers of
/// segments are never used twice, so a link to something dropped is recognised as dead.
struct BucketArena: ~Copyable {
  /// The address of a record that may have been dropped since. Zero is no link.
  struct Link: Equatable {
    var bits: UInt64
    static let none = Link(bits: 0)
    init(bits: UInt64) { self.bits = bits }
    init(serial: UInt32, offset: Int) { bits = UInt64(serial) << 32 | UInt64(offset) }
    var serial: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
    var offset: Int { Int(bits & 0xFFFF_FFFF) }
  }

  private struct Segment {
    var memory: UnsafeMutableRawPointer?
    var capacity: Int
    var used: Int
    var bucket: UInt64
  }

  /// Live and dropped segments from serial `firstSerial` on.
  private var segments: [Segment] = []
  private var firstSerial: UInt32 = 1
  /// The segment of each bucket that takes new records.
  private var open: [UInt64: UInt32] = [:]
  private var lastBucket: UInt64 = .max
  private var lastSerial: UInt32 = 0
  private(set) var firstLiveBucket: UInt64 = 0
  private(set) var byteCount = 0

  private static let smallestSegment = 4 << 10
  private static let largestSegment = 256 << 10

  init() {}

  deinit {
    for segment in segments { segment.memory?.deallocate() }
  }

  /// Room for a record of `size` bytes in `bucket`, 8-byte aligned.
  mutating func append(_ size: Int, bucket: UInt64) -> (Link, UnsafeMutableRawPointer) {
    let size = (size + 7) & ~7
    if bucket != lastBucket {
      lastBucket = bucket
      lastSerial = open[bucket] ?? addSegment(bucket, after: 0, size: size)
    }
    if room(in: lastSerial) < size {
      let previous = segments[Int(lastSerial &- firstSerial)].capacity
      lastSerial = addSegment(bucket, after: previous, size: size)
    }
    let index = Int(lastSerial &- firstSerial)
    let offset = segments[index].used
    segments[index].used = offset + size
    return (Link(serial: lastSerial, offset: offset), segments[index].memory! + offset)
  }

  /// The record's address, or nil when there is none or its bucket was dropped.
  func resolve(_ link: Link) -> UnsafeMutableRawPointer? {
    let serial = link.serial
    guard serial >= firstSerial else { return nil }
    guard let memory = segments[Int(serial &- firstSerial)].memory else { return nil }
    return memory + link.offset
  }

  /// The bucket that a live record belongs to.
  func bucket(of link: Link) -> UInt64 {
    segments[Int(link.serial &- firstSerial)].bucket
  }

  /// Drops every bucket before `bucket`.
  mutating func drop(before bucket: UInt64) {
    firstLiveBucket = max(firstLiveBucket, bucket)
    for index in segments.indices where segments[index].bucket < bucket {
      guard let memory = segments[index].memory else { continue }
      memory.deallocate()
      byteCount -= segments[index].capacity
      segments[index].memory = nil
      open[segments[index].bucket] = nil
    }
    lastBucket = .max
    let gone = segments.firstIndex { $0.memory != nil } ?? segments.count
    segments.removeFirst(gone)
    firstSerial += UInt32(gone)
  }

  private func room(in serial: UInt32) -> Int {
    let segment = segments[Int(serial &- firstSerial)]
    return segment.capacity - segment.used
  }

  private mutating func addSegment(_ bucket: UInt64, after previous: Int, size: Int) -> UInt32 {
    let wanted = max(BucketArena.smallestSegment, previous * 4)
    let capacity = max(size, min(BucketArena.largestSegment, wanted))
    let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
    let serial = firstSerial + UInt32(segments.count)
    segments.append(Segment(memory: memory, capacity: capacity, used: 0, bucket: bucket))
    byteCount += capacity
    open[bucket] = serial
    return serial
  }
}
