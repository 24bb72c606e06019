// Safety: `slots` is allocated and freed here; a slot pointer handed out is valid until the next
// `slot(for:)`, and no caller keeps one longer.

import CPrefetch

/// A user's place in the journeys: the newest of its records.
struct UserSlot {
  /// The first 64 bits of the user's hash. Zero like the rest: never used.
  fileprivate var hash: UInt64
  /// 16 more bits of the hash, then the link.
  fileprivate var tail: UInt64

  fileprivate static let linkMask: UInt64 = (1 << BucketArena.Link.bitCount) - 1

  fileprivate var isNeverUsed: Bool { hash | tail == 0 }

  var newest: BucketArena.Link {
    get { BucketArena.Link(bits: tail & UserSlot.linkMask) }
    set { tail = tail & ~UserSlot.linkMask | newValue.bits }
  }
}

/// Users with something remembered, by 80 bits of the hash of their id.
///
/// Open addressing with linear probing over 16-byte slots. A user whose list leads only to dropped
/// buckets is dead; its slot lets probes pass and is taken by the next user that comes along. At
/// most 23 bytes per user, just after the table has grown.
struct UserTable: ~Copyable {
  private var slots: UnsafeMutablePointer<UserSlot>
  private var capacity: Int
  private var used = 0
  private var limit: Int

  private static let minimumCapacity = 64

  init() {
    capacity = UserTable.minimumCapacity
    limit = capacity * 17 / 20
    slots = UserTable.allocate(capacity)
  }

  deinit { TableMemory.deallocate(slots, byteCount) }

  var byteCount: Int { capacity * MemoryLayout<UserSlot>.stride }

  /// Number of users with something alive. O(capacity).
  func liveCount(_ arena: borrowing BucketArena) -> Int {
    var count = 0
    for index in 0..<capacity where isLive(slots[index], arena) { count += 1 }
    return count
  }

  /// The part of a hash that names a user.
  static func significant(_ hash: Hash128) -> Hash128 {
    Hash128(high: hash.high, low: hash.low & ~UserSlot.linkMask)
  }

  /// Has the memory that `slot(for:)` will look at fetched.
  func prefetch(_ hash: Hash128) {
    let slot = slots + home(hash.high)
    CPrefetch.prefetch(slot)
    CPrefetch.prefetch(slot + 3)
  }

  /// Slots that `prefetch` may have fetched, and in which `prefetchNewest` looks.
  private static let fetchedSlots = 6

  /// Has the user's newest record fetched, if its slot is among those that have been.
  mutating func prefetchNewest(_ hash: Hash128, _ arena: inout BucketArena) {
    var slot = slots + home(hash.high)
    let end = min(slot + UserTable.fetchedSlots, slots + capacity)
    while slot < end, !slot.pointee.isNeverUsed {
      if slot.pointee.hash == hash.high {
        guard let newest = arena.resolve(slot.pointee.newest) else { return }
        CPrefetch.prefetch(newest)
        // A head may lie across two cache lines.
        CPrefetch.prefetch(newest + MemoryLayout<RecordHead>.size - 1)
        return
      }
      slot += 1
    }
  }

  /// The user's slot, made if need be.
  mutating func slot(
    for hash: Hash128, _ arena: inout BucketArena
  ) -> UnsafeMutablePointer<UserSlot> {
    if used >= limit { rebuild(&arena) }
    let tag = hash.low & ~UserSlot.linkMask
    var slot = slots + home(hash.high)
    let end = slots + capacity
    var free: UnsafeMutablePointer<UserSlot>?
    while !slot.pointee.isNeverUsed {
      if slot.pointee.hash == hash.high && slot.pointee.tail & ~UserSlot.linkMask == tag {
        return slot
      }
      if free == nil && !isLive(slot.pointee, arena) { free = slot }
      slot += 1
      if slot == end { slot = slots }
    }
    if free == nil { used += 1 }
    let taken = free ?? slot
    taken.pointee = UserSlot(hash: hash.high, tail: tag)
    return taken
  }

  @inline(__always)
  private func isLive(_ slot: UserSlot, _ arena: borrowing BucketArena) -> Bool {
    !slot.isNeverUsed && arena.resolve(slot.newest) != nil
  }

  private func home(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(capacity)).high)
  }

  /// Moves the live slots to a table with room for more, front to back like `IdentitySet`.
  private mutating func rebuild(_ arena: inout BucketArena) {
    let live = liveCount(arena)
    let old = slots
    let oldCapacity = capacity
    capacity = max(UserTable.minimumCapacity, live + live * 2 / 5)
    limit = capacity * 17 / 20
    slots = UserTable.allocate(capacity)
    used = live
    for position in 0..<oldCapacity where isLive(old[position], arena) {
      var index = home(old[position].hash)
      while !slots[index].isNeverUsed {
        index += 1
        if index == capacity { index = 0 }
      }
      slots[index] = old[position]
    }
    TableMemory.deallocate(old, oldCapacity * MemoryLayout<UserSlot>.stride)
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UserSlot> {
    TableMemory.allocate(capacity * MemoryLayout<UserSlot>.stride)
      .bindMemory(to: UserSlot.self, capacity: capacity)
  }
}
