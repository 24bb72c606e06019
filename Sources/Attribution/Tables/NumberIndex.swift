// Safety: `slots` is allocated and freed here, and indexed below `capacity`, a power of two.

import CIntrinsics

/// Small numbers by hash, each with the newest bucket that used it: an open-addressing table whose entries
/// can be removed. Several numbers may share a hash: callers say which one they mean.
struct NumberIndex: ~Copyable {
  /// Half a cache line, so that an entry is read in one fetch.
  private struct Slot {
    var hash: Hash128
    var newestBucket: UInt64
    /// The number plus one; zero is free.
    var entry: UInt32
  }

  private var slots: UnsafeMutablePointer<Slot>
  private var capacity = 64
  private var count = 0

  private static let free = Slot(hash: Hash128(high: 0, low: 0), newestBucket: 0, entry: 0)

  init() { slots = NumberIndex.allocate(capacity) }

  var byteCount: Int { capacity * MemoryLayout<Slot>.stride }

  deinit { slots.deallocate() }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: capacity * MemoryLayout<Slot>.stride, alignment: 64)
    let slots = memory.bindMemory(to: Slot.self, capacity: capacity)
    slots.initialize(repeating: free, count: capacity)
    return slots
  }

  /// The number with this hash that `matches`.
  @inline(__always)
  func number(of hash: Hash128, where matches: (UInt32) -> Bool) -> UInt32? {
    let entry = slots[position(of: hash, where: matches)].entry
    return entry == 0 ? nil : entry - 1
  }

  /// As `number`, for use by `bucket`.
  @inline(__always)
  func use(_ hash: Hash128, in bucket: UInt64, where matches: (UInt32) -> Bool) -> UInt32? {
    let slot = slots + position(of: hash, where: matches)
    guard slot.pointee.entry != 0 else { return nil }
    if slot.pointee.newestBucket < bucket { slot.pointee.newestBucket = bucket }
    return slot.pointee.entry - 1
  }

  /// The numbers that no bucket from `bucket` on uses, in order. O(capacity).
  func numbers(lastUsedBefore bucket: UInt64) -> [UInt32] {
    UnsafeBufferPointer(start: slots, count: capacity)
      .filter { $0.entry != 0 && $0.newestBucket < bucket }.map { $0.entry - 1 }.sorted()
  }

  /// Has the memory fetched in which a hash will be looked for.
  func prefetch(_ hash: Hash128) { CIntrinsics.prefetch(slots + home(hash)) }

  /// Enters a number that is not there yet.
  mutating func insert(_ hash: Hash128, _ number: UInt32, bucket: UInt64 = 0) {
    if count * 3 >= capacity * 2 { grow() }
    count += 1
    slots[position(of: hash) { _ in false }] = Slot(
      hash: hash, newestBucket: bucket, entry: number + 1)
  }

  /// Removes a number under its hash, and closes the gap so that no probe ends early.
  mutating func remove(_ hash: Hash128, _ number: UInt32) {
    var gap = position(of: hash) { $0 == number }
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

  /// Where the number with this hash that `matches` is, or would go.
  @inline(__always)
  private func position(of hash: Hash128, where matches: (UInt32) -> Bool) -> Int {
    var index = home(hash)
    while slots[index].entry != 0
      && (slots[index].hash != hash || !matches(slots[index].entry - 1))
    {
      index = (index + 1) & (capacity - 1)
    }
    return index
  }

  private mutating func grow() {
    let old = slots
    let oldCapacity = capacity
    capacity *= 2
    slots = NumberIndex.allocate(capacity)
    for index in 0..<oldCapacity where old[index].entry != 0 {
      slots[position(of: old[index].hash) { _ in false }] = old[index]
    }
    old.deallocate()
  }
}
