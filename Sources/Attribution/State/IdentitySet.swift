// Safety: `slots` is allocated and freed here, and indexed only below `capacity`.

/// The ids of one input seen within the correction horizon: exact dedup in bounded memory.
///
/// Open addressing with linear probing over 16-byte slots: 89 bits of the id's hash and the
/// event-time bucket it belongs to. Nothing is removed one by one: a slot whose bucket has left the
/// horizon is dead, lets probes pass, and is taken by the next id that comes along; growing drops
/// the dead. Insertion and lookup are O(1), no timers, no scans.
struct IdentitySet: ~Copyable {
  private struct Slot {
    var hash: UInt64
    /// The upper 25 bits continue the hash, the lower 39 are the bucket. All zero: never used.
    var tail: UInt64
  }

  private var slots: UnsafeMutablePointer<Slot>
  private var capacity: Int
  /// Slots that were ever used, the dead included.
  private var used = 0
  private(set) var firstLiveBucket: UInt64 = 0

  private static let bucketMask: UInt64 = (1 << TimeBuckets.bits) - 1
  private static let minimumCapacity = 64

  init() {
    capacity = IdentitySet.minimumCapacity
    slots = IdentitySet.allocate(capacity)
  }

  deinit { slots.deallocate() }

  /// Bytes held, all overhead included.
  var byteCount: Int { capacity * MemoryLayout<Slot>.stride }

  /// Number of live ids. O(capacity).
  var liveCount: Int {
    var count = 0
    for index in 0..<capacity where isLive(slots[index]) { count += 1 }
    return count
  }

  /// Remembers an id; false if it was there already.
  mutating func insert(_ id: Hash128, bucket: UInt64) -> Bool {
    if used * 5 >= capacity * 4 { rebuild() }
    let tail = id.low & ~IdentitySet.bucketMask
    var index = home(id.high)
    var free = -1
    while true {
      let slot = slots[index]
      if slot.tail == 0 && slot.hash == 0 { break }
      if isLive(slot) {
        if slot.hash == id.high && slot.tail & ~IdentitySet.bucketMask == tail { return false }
      } else if free < 0 {
        free = index
      }
      index += 1
      if index == capacity { index = 0 }
    }
    if free < 0 {
      free = index
      used += 1
    }
    slots[free] = Slot(hash: id.high, tail: tail | max(bucket, firstLiveBucket))
    return true
  }

  /// Forgets every id whose bucket lies before `bucket`. O(1).
  mutating func forget(before bucket: UInt64) {
    firstLiveBucket = max(firstLiveBucket, bucket)
  }

  private func isLive(_ slot: Slot) -> Bool {
    (slot.tail != 0 || slot.hash != 0) && slot.tail & IdentitySet.bucketMask >= firstLiveBucket
  }

  private func home(_ hash: UInt64) -> Int {
    Int(hash.multipliedFullWidth(by: UInt64(capacity)).high)
  }

  /// Moves the live slots to a table that they fill to about half, so that growth stays amortised.
  private mutating func rebuild() {
    let live = liveCount
    let old = slots
    let oldCapacity = capacity
    capacity = max(IdentitySet.minimumCapacity, live + live * 4 / 5)
    slots = IdentitySet.allocate(capacity)
    used = live
    for position in 0..<oldCapacity where isLive(old[position]) {
      var index = home(old[position].hash)
      while slots[index].tail != 0 || slots[index].hash != 0 {
        index += 1
        if index == capacity { index = 0 }
      }
      slots[index] = old[position]
    }
    old.deallocate()
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
    let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
    slots.initialize(repeating: Slot(hash: 0, tail: 0), count: capacity)
    return slots
  }
}
