// Safety: `slots` is allocated and freed here, and indexed below `capacity`, a power of two.

import CIntrinsics

/// Small numbers by hash: an open-addressing table whose entries can be removed.
struct NumberIndex: ~Copyable {
  private struct Slot {
    var hash: Hash128
    /// The number plus one; zero is free.
    var entry: UInt32
  }

  private var slots: UnsafeMutablePointer<Slot>
  private var capacity = 64
  private var count = 0

  private static let free = Slot(hash: Hash128(high: 0, low: 0), entry: 0)

  init() {
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: NumberIndex.free, count: capacity)
  }

  deinit { slots.deallocate() }

  subscript(hash: Hash128) -> UInt32? {
    let slot = slots[position(of: hash)]
    return slot.entry == 0 ? nil : slot.entry - 1
  }

  /// Has the memory fetched in which a hash will be looked for.
  func prefetch(_ hash: Hash128) { CIntrinsics.prefetch(slots + home(hash)) }

  /// Enters a number under a hash that has none.
  mutating func insert(_ hash: Hash128, _ number: UInt32) {
    if count * 2 >= capacity { grow() }
    count += 1
    slots[position(of: hash)] = Slot(hash: hash, entry: number + 1)
  }

  /// Removes the hash's number, and closes the gap so that no probe ends early.
  mutating func remove(_ hash: Hash128) {
    var gap = position(of: hash)
    guard slots[gap].entry != 0 else { return }
    count -= 1
    var index = gap
    while true {
      index = (index + 1) & (capacity - 1)
      guard slots[index].entry != 0 else { break }
      let distance = (index - home(slots[index].hash)) & (capacity - 1)
      if distance >= (index - gap) & (capacity - 1) {
        slots[gap] = slots[index]
        gap = index
      }
    }
    slots[gap] = NumberIndex.free
  }

  private func home(_ hash: Hash128) -> Int {
    Int(truncatingIfNeeded: hash.high) & (capacity - 1)
  }

  /// Where the hash is, or would go.
  private func position(of hash: Hash128) -> Int {
    var index = home(hash)
    while slots[index].entry != 0 && slots[index].hash != hash {
      index = (index + 1) & (capacity - 1)
    }
    return index
  }

  private mutating func grow() {
    let old = slots
    let oldCapacity = capacity
    capacity *= 2
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: NumberIndex.free, count: capacity)
    for index in 0..<oldCapacity where old[index].entry != 0 {
      slots[position(of: old[index].hash)] = old[index]
    }
    old.deallocate()
  }
}
