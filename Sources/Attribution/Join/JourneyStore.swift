// Safety: touches and conversions are records of `arena`, written by `make…` and reached only
// through links that `arena.resolve` has checked, within the commit in which they were reached:
// nothing is dropped before its end. User slots are used within one call of the task.

import CIntrinsics

/// The remembered touches and conversions of every user, in journey order.
///
/// One singly linked list per user, newest first; at one time conversions come before touches, and
/// touches are ordered by their ids. Since buckets are dropped oldest first, a link into a dropped
/// bucket is the end of its list. Where impressions are kept for another time than the rest (`JourneyRetention`), they have
/// a list of their own, which the table of users knows by another hash. A user for whom a walk over the list grew long has a `JourneyIndex` in its
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
    /// Of the list that events of a kind go to.
    let slot: UnsafeMutablePointer<UserSlot>
    /// Whether that list has impressions alone.
    var isOfImpressions = false
    /// The newest record of the other list; none where there is one for all kinds.
    var other = BucketArena.Link.none

    /// The newest record that is no impression, or that of the one list.
    var newest: BucketArena.Link { isOfImpressions ? other : slot.pointee.newest }
    /// The newest impression, where these have a list of their own.
    var newestImpression: BucketArena.Link { isOfImpressions ? slot.pointee.newest : other }
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
  let retention: JourneyRetention
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
    retention = JourneyRetention(definitions)
    busyUsers = BusyUsers(key: key)
    tuples = DimensionTupleTable(definitions: definitions, key: key)
  }

  deinit { packing.deallocate() }

  var live: LiveBuckets { arena.live }
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
      MemoryLayout<StoredTouch>.stride + id.count + amountBytes,
      bucket: retention.bucket(bucket, of: kind))
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
    let (link, memory) = arena.append(size, bucket: retention.bucket(bucket, of: .conversion))
    let conversion = memory.bindMemory(to: StoredConversion.self, capacity: 1)
    conversion.initialize(
      to: StoredConversion(
        flags, time: time, idCount: id.count, userCount: user.count, value: value,
        revision: revision, tuple: tuple, isDeleted: isDeleted))
    conversion.setTrailing(0, id)
    conversion.setTrailing(id.count, user)
    return (conversion, link)
  }

  /// The user of an event of a kind.
  mutating func user(_ hash: Hash128, of kind: EventKind) -> User {
    let hash = UserTable.significant(hash)
    guard retention.separatesImpressions else {
      return User(hash: hash, slot: users.slot(for: hash, &arena))
    }
    let isOfImpressions = kind == .impression
    let impressions = hash.ofImpressions
    let slot = users.slot(for: isOfImpressions ? impressions : hash, &arena)
    return User(
      hash: hash, slot: slot, isOfImpressions: isOfImpressions,
      other: users.newest(of: isOfImpressions ? hash : impressions))
  }

  /// Has the user's slots fetched.
  mutating func prefetchUser(_ hash: Hash128) {
    users.prefetch(hash)
    if retention.separatesImpressions { users.prefetch(hash.ofImpressions) }
  }

  /// Has the user's newest records fetched, whose slots have been.
  mutating func prefetchJourney(_ hash: Hash128) {
    users.prefetchNewest(hash, &arena)
    if retention.separatesImpressions { users.prefetchNewest(hash.ofImpressions, &arena) }
  }

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

extension Hash128 {
  /// What stands for a user in the list of its impressions.
  fileprivate var ofImpressions: Hash128 { Hash128(high: high ^ 0x9E37_79B9_7F4A_7C15, low: low) }
}
