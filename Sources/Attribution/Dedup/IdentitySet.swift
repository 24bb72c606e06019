/// An id that is remembered.
struct IDSlot: CuckooSlot {
  var hash: UInt64
  /// The upper 25 bits continue the hash, the lower 39 are the bucket's number plus one.
  var tail: UInt64

  private static let bucketMask: UInt64 = (1 << TimeBuckets.bits) - 1

  init(_ id: Hash128, bucket: UInt64) {
    hash = id.high
    tail = id.low & ~IDSlot.bucketMask | (bucket + 1)
  }

  var isBlank: Bool { tail == 0 }

  /// The bucket of a slot that is in use.
  var bucket: UInt64 { (tail & IDSlot.bucketMask) - 1 }

  /// Whether its bucket is an earlier one, or it was never used.
  @inline(__always)
  func isFree(_ firstLiveBucket: UInt64) -> Bool { tail & IDSlot.bucketMask <= firstLiveBucket }

  @inline(__always)
  func holds(_ id: Hash128) -> Bool {
    hash ^ id.high | (tail ^ id.low) & ~IDSlot.bucketMask == 0
  }
}

/// The ids of one input seen within the correction horizon: exact dedup in bounded memory.
///
/// A slot of 16 bytes per id: 89 bits of its hash and the event-time bucket it belongs to. Nothing is
/// removed one by one: a slot whose bucket has left the horizon is free for the next id that comes along.
/// Insertion and lookup are O(1), no timers, no scans. The table grows when it is filled to 85%: at most
/// 32 bytes per id, just after it has grown, and 19 just before, in tables of more than two pages.
struct IdentitySet: ~Copyable {
  private var table = CuckooTable<IDSlot>()
  private var counts = BucketCounts()
  /// How many ids make the table grow.
  private var limit: Int
  private(set) var firstLiveBucket: UInt64 = 0

  init() { limit = IdentitySet.limit(table.capacity) }

  /// Bytes held, all overhead included.
  var byteCount: Int { table.byteCount }

  /// Number of ids that are remembered.
  var count: Int { counts.total }

  /// Has the memory that `insert` will look at fetched.
  @inline(__always)
  mutating func prefetch(_ id: Hash128) { table.prefetch(id.high) }

  /// Remembers an id; false if it was there already.
  mutating func insert(_ id: Hash128, bucket: UInt64) -> Bool {
    let firstLive = firstLiveBucket
    let lines = table.lines(of: id.high)
    // A dead slot may hold the id as well.
    let known = table.slot(in: lines, hash: id.high) { $0.holds(id) && !$0.isFree(firstLive) }
    if known != nil { return false }
    let bucket = max(bucket, firstLive)
    var free: UnsafeMutablePointer<IDSlot>?
    if counts.total < limit { free = table.freeSlot(in: lines) { $0.isFree(firstLive) } }
    (free ?? growing(for: id)).pointee = IDSlot(id, bucket: bucket)
    counts.add(bucket)
    return true
  }

  /// The bucket that a remembered id belongs to; nil if it is not remembered.
  func bucket(of id: Hash128) -> UInt64? {
    slot(of: id).map { $0.pointee.bucket }
  }

  /// Remembers an id, which is there already, as long as those of `bucket`, or longer.
  ///
  /// - Returns: the bucket it belongs to now.
  mutating func extend(_ id: Hash128, to bucket: UInt64) -> UInt64 {
    guard let slot = slot(of: id) else { return bucket }
    let former = slot.pointee.bucket
    guard bucket > former else { return former }
    counts.remove(former)
    slot.pointee = IDSlot(id, bucket: bucket)
    counts.add(bucket)
    return bucket
  }

  private func slot(of id: Hash128) -> UnsafeMutablePointer<IDSlot>? {
    let firstLive = firstLiveBucket
    return table.slot(in: table.lines(of: id.high), hash: id.high) {
      $0.holds(id) && !$0.isFree(firstLive)
    }
  }

  /// Forgets every id whose bucket lies before `bucket`.
  mutating func forget(before bucket: UInt64) {
    guard bucket > firstLiveBucket else { return }
    firstLiveBucket = bucket
    counts.drop(before: bucket)
    if counts.total * 4 < table.capacity, table.capacity > CuckooTable<IDSlot>.minimumCapacity {
      resize(to: fitting)
    } else if table.overflowCount > counts.total + 64 {
      // Most of what stands beside the table is dead.
      resize(to: table.capacity)
    }
  }

  /// A free slot for the id, in a larger table if that helps.
  @inline(never)
  private mutating func growing(for id: Hash128) -> UnsafeMutablePointer<IDSlot> {
    let firstLive = firstLiveBucket
    while true {
      if 2 * counts.total < table.capacity {
        return table.roomBeside(id.high) { $0.isFree(firstLive) }
      }
      resize(to: max(fitting, table.capacity + table.capacity / 8))
      if let free = table.freeSlot(in: table.lines(of: id.high), isFree: { $0.isFree(firstLive) }) {
        return free
      }
    }
  }

  /// Slots that the ids fill to about half, so that growth stays amortised.
  private var fitting: Int { counts.total + counts.total * 17 / 20 }

  private mutating func resize(to capacity: Int) {
    let firstLive = firstLiveBucket
    table.resize(to: capacity) { $0.isFree(firstLive) }
    limit = IdentitySet.limit(table.capacity)
  }

  private static func limit(_ capacity: Int) -> Int { capacity * 17 / 20 }
}
