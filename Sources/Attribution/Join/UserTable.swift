// Safety: a slot pointer handed out is valid until the next `slot(for:)`, and no caller keeps one longer.

import CIntrinsics

/// A user's place in the journeys: the newest of its records.
struct UserSlot: CuckooSlot {
  /// The first 64 bits of the user's hash.
  fileprivate(set) var hash: UInt64
  /// 16 more bits of the hash, then the link.
  fileprivate var tail: UInt64

  fileprivate static let linkMask: UInt64 = (1 << BucketArena.Link.bitCount) - 1

  var newest: BucketArena.Link {
    get { BucketArena.Link(bits: tail & UserSlot.linkMask) }
    set { tail = tail & ~UserSlot.linkMask | newValue.bits }
  }

  var isBlank: Bool { tail == 0 }

  /// Whether its list leads only to dropped buckets, or it was never used.
  @inline(__always)
  fileprivate func isFree(_ arena: borrowing BucketArena) -> Bool {
    arena.resolve(newest) == nil
  }

  @inline(__always)
  fileprivate func holds(_ user: Hash128) -> Bool {
    hash ^ user.high | (tail ^ user.low) & ~UserSlot.linkMask == 0
  }
}

/// Users with something remembered, by 80 bits of the hash of their id.
///
/// A slot of 16 bytes per user. A user whose list leads only to dropped buckets is dead, and its slot is
/// free for the next user that comes along. The table grows when a user finds no room, at some 86%: it
/// takes at most 23 bytes per user, in tables of more than a few pages.
struct UserTable: ~Copyable {
  private var table = CuckooTable<UserSlot>()

  var byteCount: Int { table.byteCount }

  /// No more users are alive: so many were when they were counted last, and so many have come since.
  private var most = 0

  /// Number of users with something alive. O(capacity).
  func liveCount(_ arena: borrowing BucketArena) -> Int { table.count { $0.isFree(arena) } }

  /// The part of a hash that names a user.
  static func significant(_ hash: Hash128) -> Hash128 {
    Hash128(high: hash.high, low: hash.low & ~UserSlot.linkMask)
  }

  /// Has the memory that `slot(for:)` will look at fetched.
  @inline(__always)
  mutating func prefetch(_ hash: Hash128) { table.prefetch(hash.high) }

  /// Has the user's newest record fetched, some time after `prefetch`.
  @inline(__always)
  mutating func prefetchNewest(_ hash: Hash128, _ arena: inout BucketArena) {
    guard
      let slot = table.slot(
        in: table.lines(of: hash.high), hash: hash.high, where: { $0.holds(hash) }),
      let newest = arena.resolve(slot.pointee.newest)
    else { return }
    CIntrinsics.prefetch(newest)
    // A head may lie across two cache lines.
    CIntrinsics.prefetch(newest + MemoryLayout<RecordHead>.size - 1)
  }

  /// The newest record of a user, if it has any.
  @inline(__always)
  func newest(of hash: Hash128) -> BucketArena.Link {
    table.slot(in: table.lines(of: hash.high), hash: hash.high) { $0.holds(hash) }?.pointee.newest
      ?? .none
  }

  /// The user's slot, made if need be.
  @inline(__always)
  mutating func slot(
    for hash: Hash128, _ arena: inout BucketArena
  ) -> UnsafeMutablePointer<UserSlot> {
    table.slot(in: table.lines(of: hash.high), hash: hash.high) { $0.holds(hash) }
      ?? newSlot(for: hash, &arena)
  }

  @inline(never)
  private mutating func newSlot(
    for hash: Hash128, _ arena: inout BucketArena
  ) -> UnsafeMutablePointer<UserSlot> {
    most += 1
    while true {
      var slot = table.freeSlot(in: table.lines(of: hash.high)) { $0.isFree(arena) }
      if slot == nil, 2 * most < table.capacity {
        slot = table.roomBeside(hash.high) { $0.isFree(arena) }
      }
      if let slot {
        slot.pointee = UserSlot(hash: hash.high, tail: hash.low & ~UserSlot.linkMask)
        return slot
      }
      most = liveCount(arena) + 1
      resize(to: max(UserTable.fitting(most), table.capacity + table.capacity / 8), arena)
    }
  }

  /// Gives memory back if there are far fewer users than slots; no more users live than records.
  mutating func shrink(_ arena: borrowing BucketArena) {
    if arena.recordCount * 4 < table.capacity,
      table.capacity > CuckooTable<UserSlot>.minimumCapacity
    {
      most = liveCount(arena)
      resize(to: UserTable.fitting(most), arena)
    }
  }

  /// Slots for so many users, with room for more.
  private static func fitting(_ live: Int) -> Int { live + live * 2 / 5 }

  private mutating func resize(to capacity: Int, _ arena: borrowing BucketArena) {
    table.resize(to: capacity) { $0.isFree(arena) }
  }
}
