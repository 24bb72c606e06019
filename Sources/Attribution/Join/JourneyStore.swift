// Safety: touches and conversions are records of `arena`, written by `make…` and reached only
// through links that `arena.resolve` has checked, within the commit in which they were reached:
// nothing is dropped before its end. User slots are used within one call of the task.

import CIntrinsics

/// The remembered touches and conversions of every user, in journey order.
///
/// One singly linked list per user, newest first; at one time conversions come before touches, and
/// touches are ordered by their ids. Since buckets are dropped oldest first, a link into a dropped
/// bucket is the end of its list. A user for whom a walk over the list grew long has a `JourneyIndex` in its
/// place; its newest record says so.
struct JourneyStore: ~Copyable {
  /// Which views see a user, or a session, for the first time in their bucket: a bit per view.
  struct NewDistincts {
    var users: UInt64
    var sessions: UInt64
  }

  /// A user's slot, found or made.
  struct User {
    let hash: Hash128
    let slot: UnsafeMutablePointer<UserSlot>
  }

  /// Where a touch goes in its user's list.
  struct Position {
    /// The record after which it comes; nil at the head.
    var newer: RecordPointer?
    /// The record before which it comes.
    var older: BucketArena.Link
    /// The user's records are in an index, which finds the place by itself.
    var isIndexed = false
  }

  /// How many records are walked before the user counts as busy.
  let longestWalk: Int

  var arena = BucketArena()
  var users = UserTable()
  var busyUsers: BusyUsers
  var indexes: [Hash128: JourneyIndex] = [:]
  /// Records that indexes hold.
  var indexedCount = 0
  /// What indexes hold beside records: tallies, and records by their ids.
  var lookedUpCount = 0
  let key: IdentityKey
  /// Tells commits apart.
  var commit: UInt64 = 0
  var tuples: DimensionTupleTable
  let clock: WindowClock
  let rules: EligibilityRules
  /// The conversions for which the touch of the last `place(for:)` lies within the look-back.
  var creditable: [ConversionPointer] = []
  /// The result of the last `collectEligible`: touches in journey order.
  var eligible: [TouchPointer] = []
  /// Whether there were more of them than may share the credit.
  var isTruncated = false
  /// Of each of `creditable`, how many touches of the same kind are newer; kept only where that can matter.
  var newerCounts: [Int] = []
  let packing = UnsafeMutablePointer<UInt8>.allocate(capacity: PackedID.packedCount)

  init(definitions: Definitions, key: IdentityKey, longestWalk: Int) {
    self.longestWalk = longestWalk
    self.key = key
    clock = WindowClock(definitions.views)
    rules = EligibilityRules(definitions)
    busyUsers = BusyUsers(key: key)
    tuples = DimensionTupleTable(definitions: definitions, key: key)
  }

  deinit { packing.deallocate() }

  var firstLiveBucket: UInt64 { arena.firstLiveBucket }
  var recordCount: Int { arena.recordCount }
  var userCount: Int { users.liveCount(arena) }
  var byteCount: Int { arena.byteCount + userBytes }
  /// Of the users' table, and of what makes busy users quick.
  var userBytes: Int {
    users.byteCount + busyUsers.byteCount + 12 * indexedCount + 1_024 * indexes.count
      + 48 * lookedUpCount
  }
  /// Number of users whose records are indexed.
  var busyUserCount: Int { indexes.count }

  // MARK: Making records

  mutating func makeTouch(
    _ id: BorrowedBytes, _ kind: EventKind, time: Milliseconds, tuple: UInt32,
    session: SessionHash?, amount: Micros, bucket: UInt64
  ) -> (TouchPointer, BucketArena.Link) {
    let id = PackedID(id, scratch: packing)
    let amountBytes = StoredTouch.amountBytes(of: amount)
    let (link, memory) = arena.append(
      MemoryLayout<StoredTouch>.stride + id.count + amountBytes, bucket: bucket)
    let touch = memory.bindMemory(to: StoredTouch.self, capacity: 1)
    touch.initialize(
      to: StoredTouch(
        kind: kind, time: time, tuple: tuple, session: session, id: id,
        amountBytes: amountBytes))
    touch.setTrailing(0, id.bytes)
    if amountBytes > 0 { touch.setAmount(amount) }
    return (touch, link)
  }

  mutating func makeConversion(
    _ id: BorrowedBytes, user: BorrowedBytes, time: Milliseconds, value: Micros,
    flags: RecordHead.Flags, revision: Int32, tuple: UInt32, isDeleted: Bool = false,
    bucket: UInt64
  ) -> (ConversionPointer, BucketArena.Link) {
    let size = MemoryLayout<StoredConversion>.stride + id.count + user.count
    let (link, memory) = arena.append(size, bucket: bucket)
    let conversion = memory.bindMemory(to: StoredConversion.self, capacity: 1)
    conversion.initialize(
      to: StoredConversion(
        flags, time: time, idCount: id.count, userCount: user.count, value: value,
        revision: revision, tuple: tuple, isDeleted: isDeleted))
    conversion.setTrailing(0, id)
    conversion.setTrailing(id.count, user)
    return (conversion, link)
  }

  mutating func user(_ hash: Hash128) -> User {
    let significant = UserTable.significant(hash)
    return User(hash: significant, slot: users.slot(for: significant, &arena))
  }

  /// Has the user's slot fetched.
  mutating func prefetchUser(_ hash: Hash128) { users.prefetch(hash) }

  /// Has the user's newest record fetched, whose slot has been.
  mutating func prefetchJourney(_ hash: Hash128) { users.prefetchNewest(hash, &arena) }

  /// Has the record before this one fetched.
  mutating func prefetchNext(_ record: RecordPointer) {
    if let next = arena.resolve(record.pointee.next) { CIntrinsics.prefetch(next) }
  }

  // MARK: Lists

  @inline(__always)
  func record(_ link: BucketArena.Link) -> RecordPointer? {
    arena.resolve(link)?.assumingMemoryBound(to: RecordHead.self)
  }
}
