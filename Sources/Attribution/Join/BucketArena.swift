// Safety: segments come from `SegmentPool` and go back to it here. A `Link` is only ever made by
// `append`, so an address it yields lies within its segment; a link into a dropped segment yields nil.

/// Memory for records that live and die with their event-time bucket.
///
/// Records are appended to segments; a bucket's segments are dropped whole. Serial numbers of
/// segments are never used twice, so a link to something dropped is recognised as dead.
struct BucketArena: ~Copyable {
  /// The address of a record that may have been dropped since, in 48 bits: the segment's serial
  /// and the offset within it in words of 8 bytes. Zero is no link.
  struct Link: Equatable {
    var bits: UInt64
    static let none = Link(bits: 0)
    static let bitCount: UInt64 = 48
    init(bits: UInt64) { self.bits = bits }
    init(serial: UInt32, offset: Int) {
      bits = UInt64(serial) << 16 | UInt64(truncatingIfNeeded: offset >> 3)
    }
    var serial: UInt32 { UInt32(truncatingIfNeeded: bits >> 16) }
    var offset: Int { Int(truncatingIfNeeded: bits & 0xFFFF) << 3 }
  }

  private struct Segment {
    var size: SegmentPool.Size
    var bucket: StateBucket
    var recordCount = 0
  }

  private var pool = SegmentPool()
  /// Live and dropped segments from serial `firstSerial` on, and where each begins.
  private var segments: [Segment] = []
  private var addresses: [UnsafeMutableRawPointer?] = []
  private var firstSerial: UInt32 = 1
  /// The segment of each bucket that takes new records.
  private var open: [StateBucket: Filling] = [:]
  /// The one of them that was used last.
  private var last = Filling(bucket: BucketArena.noBucket)
  private(set) var live = LiveBuckets()
  /// Number of live records.
  private(set) var recordCount = 0

  /// A segment that takes new records.
  private struct Filling {
    var bucket: StateBucket
    var serial: UInt32 = 0
    var start = UnsafeMutableRawPointer(bitPattern: 8)!
    var used = 0
    var capacity = 0
    var recordCount = 0
    /// Segments of the bucket.
    var segmentCount = 0
  }

  private static let noBucket = StateBucket(number: .max)

  /// A bucket begins with segments this small, so that tasks with little to remember stay small.
  private static let smallSegments = 4

  init() {}

  deinit {
    // The large ones go with their slabs.
    for index in segments.indices where segments[index].size == .small {
      addresses[index]?.deallocate()
    }
  }

  var byteCount: Int { pool.byteCount + segments.count * 24 }

  /// Room for a record of `size` bytes in `bucket`, 8-byte aligned.
  mutating func append(_ size: Int, bucket: StateBucket) -> (Link, UnsafeMutableRawPointer) {
    let size = (size + 7) & ~7
    if bucket != last.bucket {
      putAside()
      last = open[bucket] ?? Filling(bucket: bucket)
    }
    if last.capacity - last.used < size { addSegment() }
    let offset = last.used
    last.used += size
    last.recordCount += 1
    recordCount += 1
    return (Link(serial: last.serial, offset: offset), last.start + offset)
  }

  /// The record's address, or nil when there is none or its bucket was dropped.
  @inline(__always)
  func resolve(_ link: Link) -> UnsafeMutableRawPointer? {
    let index = Int(link.serial) - Int(firstSerial)
    guard index >= 0, let address = addresses[index] else { return nil }
    return address + link.offset
  }

  /// The bucket that a live record belongs to.
  func bucket(of link: Link) -> StateBucket {
    segments[Int(link.serial &- firstSerial)].bucket
  }

  /// Drops every bucket that is not among those to keep.
  mutating func drop(allBut kept: LiveBuckets) {
    live = live.narrowed(to: kept)
    putAside()
    last = Filling(bucket: BucketArena.noBucket)
    for filling in open.values { note(filling) }
    for index in segments.indices where !live.contains(segments[index].bucket) {
      guard let address = addresses[index] else { continue }
      pool.give(back: address, segments[index].size)
      recordCount -= segments[index].recordCount
      addresses[index] = nil
      open[segments[index].bucket] = nil
    }
    let gone = addresses.firstIndex { $0 != nil } ?? addresses.count
    segments.removeFirst(gone)
    addresses.removeFirst(gone)
    firstSerial += UInt32(gone)
  }

  private mutating func putAside() {
    if last.bucket != BucketArena.noBucket { open[last.bucket] = last }
  }

  /// Takes note of how many records a segment holds.
  private mutating func note(_ filling: Filling) {
    if filling.serial >= firstSerial {
      segments[Int(filling.serial - firstSerial)].recordCount = filling.recordCount
    }
  }

  /// Adds a segment to the bucket of `last`.
  @inline(never)
  private mutating func addSegment() {
    note(last)
    let size: SegmentPool.Size = last.segmentCount < BucketArena.smallSegments ? .small : .large
    last.start = pool.take(size)
    last.serial = firstSerial + UInt32(segments.count)
    last.capacity = size.rawValue
    last.used = 0
    last.recordCount = 0
    last.segmentCount += 1
    segments.append(Segment(size: size, bucket: last.bucket))
    addresses.append(last.start)
  }
}
