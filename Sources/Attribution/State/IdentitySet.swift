// Safety: `slots` is allocated and freed here, and indexed only below `capacity`.

import CPrefetch

/// The ids of one input seen within the correction horizon: exact dedup in bounded memory.
///
/// Open addressing with linear probing over 16-byte slots: 89 bits of the id's hash and the
/// event-time bucket it belongs to. Nothing is removed one by one: a slot whose bucket has left the
/// horizon is dead, lets probes pass, and is taken by the next id that comes along; growing drops
/// the dead. Insertion and lookup are O(1), no timers, no scans. At most 30 bytes per id, just after
/// the table has grown, and 21 just before: fuller, and most insertions would read on into cache lines
/// that nobody has fetched.
struct IdentitySet: ~Copyable {
  private struct Slot {
    var hash: UInt64
    /// The upper 25 bits continue the hash, the lower 39 are the bucket. All zero: never used.
    var tail: UInt64

    var isNeverUsed: Bool { hash | tail == 0 }
  }

  private var slots: UnsafeMutablePointer<Slot>
  private var capacity: Int
  /// Slots that were ever used, the dead included, and how many of them make it grow.
  private var used = 0
  private var limit: Int
  private(set) var firstLiveBucket: UInt64 = 0

  private static let bucketMask: UInt64 = (1 << TimeBuckets.bits) - 1
  private static let minimumCapacity = 64

  init() {
    capacity = IdentitySet.minimumCapacity
    limit = IdentitySet.limit(capacity)
    slots = IdentitySet.allocate(capacity)
  }

  deinit { TableMemory.deallocate(slots, byteCount) }

  /// Bytes held, all overhead included.
  var byteCount: Int { capacity * MemoryLayout<Slot>.stride }

  /// Slots that were ever used since the table was made, the dead included. O(1).
  var usedCount: Int { used }

  /// Number of live ids. O(capacity).
  var liveCount: Int {
    var count = 0
    for index in 0..<capacity where isLive(slots[index]) { count += 1 }
    return count
  }

  /// Has the memory that `insert` will look at fetched.
  func prefetch(_ id: Hash128) {
    let slot = slots + home(id.high)
    CPrefetch.prefetch(slot)
    // Where most searches end; often in the next cache line.
    CPrefetch.prefetch(slot + 3)
  }

  /// Remembers an id; false if it was there already.
  mutating func insert(_ id: Hash128, bucket: UInt64) -> Bool {
    if used >= limit { rebuild() }
    let tail = id.low & ~IdentitySet.bucketMask
    var slot = slots + home(id.high)
    let end = slots + capacity
    var free: UnsafeMutablePointer<Slot>?
    while !slot.pointee.isNeverUsed {
      if slot.pointee.tail & IdentitySet.bucketMask < firstLiveBucket {
        free = free ?? slot
      } else if slot.pointee.hash == id.high
        && slot.pointee.tail & ~IdentitySet.bucketMask == tail
      {
        return false
      }
      slot += 1
      if slot == end { slot = slots }
    }
    if free == nil { used += 1 }
    (free ?? slot).pointee = Slot(hash: id.high, tail: tail | max(bucket, firstLiveBucket))
    return true
  }

  /// Forgets every id whose bucket lies before `bucket`. O(1).
  mutating func forget(before bucket: UInt64) {
    firstLiveBucket = max(firstLiveBucket, bucket)
  }

  private func isLive(_ slot: Slot) -> Bool {
    !slot.isNeverUsed && slot.tail & IdentitySet.bucketMask >= firstLiveBucket
  }

  private func home(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(capacity)).high)
  }

  /// Moves the live slots to a table that they fill to about half, so that growth stays amortised.
  ///
  /// A larger hash has its home further back in either table, so both are walked from front to back.
  private mutating func rebuild() {
    let live = liveCount
    let old = slots
    let oldCapacity = capacity
    capacity = max(IdentitySet.minimumCapacity, live + live * 17 / 20)
    limit = IdentitySet.limit(capacity)
    slots = IdentitySet.allocate(capacity)
    used = live
    for position in 0..<oldCapacity where isLive(old[position]) {
      var index = home(old[position].hash)
      while !slots[index].isNeverUsed {
        index += 1
        if index == capacity { index = 0 }
      }
      slots[index] = old[position]
    }
    TableMemory.deallocate(old, oldCapacity * MemoryLayout<Slot>.stride)
  }

  /// How many slots may be used before the table is built anew.
  private static func limit(_ capacity: Int) -> Int { capacity * 3 / 4 }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
    TableMemory.allocate(capacity * MemoryLayout<Slot>.stride)
      .bindMemory(to: Slot.self, capacity: capacity)
  }
}
