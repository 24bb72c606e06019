// Safety: `slots` is allocated and freed here; a slot pointer handed out is valid until the next
// `slot(for:)`, and no caller keeps one longer.

/// A user's place in the journeys: the heads of two lists, newest first.
struct UserSlot {
  var hash: Hash128
  var touches: BucketArena.Link
  var conversions: BucketArena.Link
}

/// Users with something remembered, by the hash of their id: 32 bytes each.
///
/// Open addressing with linear probing. A user whose lists lead only to dropped buckets is dead;
/// its slot lets probes pass and is taken by the next user that comes along.
struct UserTable: ~Copyable {
  private var slots: UnsafeMutablePointer<UserSlot>
  private var capacity: Int
  private var used = 0

  private static let minimumCapacity = 64
  private static let empty = UserSlot(
    hash: Hash128(high: 0, low: 0), touches: .none, conversions: .none)

  init() {
    capacity = UserTable.minimumCapacity
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: UserTable.empty, count: capacity)
  }

  deinit { slots.deallocate() }

  var byteCount: Int { capacity * MemoryLayout<UserSlot>.stride }

  /// Number of users with something alive. O(capacity).
  func liveCount(_ arena: borrowing BucketArena) -> Int {
    var count = 0
    for index in 0..<capacity where isLive(index, arena) { count += 1 }
    return count
  }

  /// The user's slot, made if need be.
  mutating func slot(
    for hash: Hash128, _ arena: borrowing BucketArena
  ) -> UnsafeMutablePointer<UserSlot> {
    if used * 4 >= capacity * 3 { rebuild(arena) }
    var index = home(hash)
    var free = -1
    while true {
      let slot = slots + index
      if isNeverUsed(slot.pointee) { break }
      if slot.pointee.hash == hash { return slot }
      if free < 0 && !isLive(index, arena) { free = index }
      index += 1
      if index == capacity { index = 0 }
    }
    if free < 0 {
      free = index
      used += 1
    }
    slots[free] = UserSlot(hash: hash, touches: .none, conversions: .none)
    return slots + free
  }

  private func isNeverUsed(_ slot: UserSlot) -> Bool { slot.hash == UserTable.empty.hash }

  private func isLive(_ index: Int, _ arena: borrowing BucketArena) -> Bool {
    !isNeverUsed(slots[index])
      && (arena.resolve(slots[index].touches) != nil
        || arena.resolve(slots[index].conversions) != nil)
  }

  private func home(_ hash: Hash128) -> Int {
    Int(hash.high.multipliedFullWidth(by: UInt64(capacity)).high)
  }

  private mutating func rebuild(_ arena: borrowing BucketArena) {
    let live = liveCount(arena)
    let old = slots
    let oldCapacity = capacity
    let larger = max(UserTable.minimumCapacity, live + live * 4 / 5)
    slots = .allocate(capacity: larger)
    slots.initialize(repeating: UserTable.empty, count: larger)
    var moved = 0
    for position in 0..<oldCapacity {
      let slot = old[position]
      guard
        !isNeverUsed(slot),
        arena.resolve(slot.touches) != nil || arena.resolve(slot.conversions) != nil
      else { continue }
      var index = Int(slot.hash.high.multipliedFullWidth(by: UInt64(larger)).high)
      while !isNeverUsed(slots[index]) {
        index += 1
        if index == larger { index = 0 }
      }
      slots[index] = slot
      moved += 1
    }
    capacity = larger
    used = moved
    old.deallocate()
  }
}
