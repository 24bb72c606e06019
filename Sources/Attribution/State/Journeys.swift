// Safety: touches and conversions are records of `arena`, written by `make…` and reached only
// through links that `arena.resolve` has checked, within the commit in which they were reached:
// nothing is dropped before its end. User slots are used within one call of the task.

import CIntrinsics

/// The remembered touches and conversions of every user, in journey order.
///
/// One singly linked list per user, newest first; at one time conversions come before touches, and
/// touches are ordered by their ids. Since buckets are dropped oldest first, a link into a dropped
/// bucket is the end of its list.
struct Journeys: ~Copyable {
  /// Which views see a user, or a session, for the first time in their bucket: a bit per view.
  struct Firsts {
    var users: UInt64
    var sessions: UInt64
  }

  /// A user's slot, found or made.
  struct User {
    let hash: Hash128
    let slot: UnsafeMutablePointer<UserSlot>
  }

  /// Where a touch goes in its user's list.
  struct Place {
    /// The record after which it comes; nil at the head.
    var newer: RecordPointer?
    /// The record before which it comes.
    var older: BucketArena.Link
  }

  private(set) var arena = BucketArena()
  private var users = UserTable()
  private var busyUsers = BusyUsers()
  var placements: PlacementTable
  private let clock: WindowClock
  private let rules: EligibilityRules
  /// The conversions for which the touch of the last `place(for:)` lies within the look-back.
  private(set) var creditable: [ConversionPointer] = []
  /// The result of the last `collectEligible`: touches in journey order.
  private(set) var eligible: [TouchPointer] = []
  private let packing = UnsafeMutablePointer<UInt8>.allocate(capacity: PackedID.packedCount)

  init(definitions: Definitions) {
    clock = WindowClock(definitions.views)
    rules = EligibilityRules(definitions)
    placements = PlacementTable(
      views: definitions.views, directChannels: definitions.directChannels)
  }

  deinit { packing.deallocate() }

  var firstLiveBucket: UInt64 { arena.firstLiveBucket }
  var recordCount: Int { arena.recordCount }
  var userCount: Int { users.liveCount(arena) }
  var byteCount: Int { arena.byteCount + users.byteCount + busyUsers.byteCount }
  var userBytes: Int { users.byteCount + busyUsers.byteCount }

  // MARK: Making records

  mutating func makeTouch(
    _ id: BorrowedBytes, _ kind: EventKind, time: Milliseconds, placement: UInt32,
    session: SessionHash?, bucket: UInt64
  ) -> (TouchPointer, BucketArena.Link) {
    let id = PackedID(id, scratch: packing)
    let (link, memory) = arena.append(
      MemoryLayout<StoredTouch>.stride + id.count, bucket: bucket)
    let touch = memory.bindMemory(to: StoredTouch.self, capacity: 1)
    touch.initialize(
      to: StoredTouch(kind: kind, time: time, placement: placement, session: session, id: id))
    touch.setTrailing(0, id.bytes)
    return (touch, link)
  }

  mutating func makeConversion(
    _ id: BorrowedBytes, user: BorrowedBytes, time: Milliseconds, value: Micros,
    flags: RecordHead.Flags, revision: Int32, bucket: UInt64
  ) -> (ConversionPointer, BucketArena.Link) {
    let size = MemoryLayout<StoredConversion>.stride + id.count + user.count
    let (link, memory) = arena.append(size, bucket: bucket)
    let conversion = memory.bindMemory(to: StoredConversion.self, capacity: 1)
    conversion.initialize(
      to: StoredConversion(
        head: RecordHead(flags.union(.isConversion), time: time, idCount: id.count),
        value: value, revision: revision, userCount: UInt8(user.count)))
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

  /// Finds where a touch goes, and fills `creditable` on the way.
  mutating func place(for touch: TouchPointer, of user: User) -> Place {
    if !creditable.isEmpty { creditable.removeAll(keepingCapacity: true) }
    let time = touch.pointee.time
    let lookback = rules.lookback(of: touch.pointee.kind)
    var place = Place(newer: nil, older: user.slot.pointee.newest)
    while let record = self.record(place.older), record.pointee.time >= time {
      if let conversion = record.conversion {
        if let lookback, conversion.pointee.time - lookback <= time {
          creditable.append(conversion)
        }
      } else if record.pointee.time == time, !record.touch!.id.isAfter(touch.id) {
        break
      }
      place.newer = record
      place.older = record.pointee.next
    }
    return place
  }

  /// Puts a record made at `link` into the user's list.
  mutating func insert(
    _ record: RecordPointer, _ link: BucketArena.Link, at place: Place, of user: User
  ) {
    record.pointee.next = place.older
    if let newer = place.newer {
      newer.pointee.next = link
    } else {
      user.slot.pointee.newest = link
    }
  }

  /// Puts a conversion made at `link` into the user's list.
  mutating func insert(_ conversion: ConversionPointer, _ link: BucketArena.Link, of user: User) {
    var place = Place(newer: nil, older: user.slot.pointee.newest)
    while let record = self.record(place.older), record.pointee.time > conversion.pointee.time {
      place.newer = record
      place.older = record.pointee.next
    }
    insert(conversion.record, link, at: place, of: user)
  }

  /// Fills `eligible` with a conversion's eligible touches.
  ///
  /// - Returns: whether clicks are among them.
  @discardableResult
  mutating func collectEligible(for conversion: ConversionPointer, of user: User) -> Bool {
    eligible.removeAll(keepingCapacity: true)
    let time = conversion.pointee.time
    let earliest = time - rules.longestLookback
    var hasClick = false
    var hasImpression = false
    var link = user.slot.pointee.newest
    while let record = self.record(link), record.pointee.time >= earliest {
      link = record.pointee.next
      guard
        record.pointee.time <= time, let touch = record.touch,
        let lookback = rules.lookback(of: touch.pointee.kind),
        touch.pointee.time >= time - lookback
      else { continue }
      if touch.pointee.kind == .click { hasClick = true } else { hasImpression = true }
      eligible.append(touch)
    }
    if rules.preferClicks && hasClick && hasImpression {
      eligible.removeAll { $0.pointee.kind != .click }
    }
    if eligible.count > 1 { eligible.reverse() }
    return hasClick
  }

  /// Whether a touch of this kind may turn out not to be eligible although it is in reach.
  func mayBePassedOver(_ kind: EventKind) -> Bool { rules.preferClicks && kind != .click }

  @inline(__always)
  private func record(_ link: BucketArena.Link) -> RecordPointer? {
    arena.resolve(link)?.assumingMemoryBound(to: RecordHead.self)
  }

  mutating func setRevision(
    _ revision: Int32, id: BorrowedBytes, time: Milliseconds, of user: User
  ) {
    var link = user.slot.pointee.newest
    while let record = self.record(link), record.pointee.time >= time {
      if let conversion = record.conversion, conversion.pointee.time == time,
        conversion.id.equals(id)
      {
        conversion.pointee.revision = revision
        return
      }
      link = record.pointee.next
    }
  }

  // MARK: Distinct users and sessions

  /// The views in whose bucket the user of a touch, or its session, is new. The touch stands at
  /// `place` of the user's list.
  mutating func firsts(
    of touch: TouchPointer, at place: Place, of user: User, bucket: UInt64
  ) -> Firsts {
    if busyUsers.contains(user.hash) { return countBusy(touch, user.hash, bucket) }
    let all: UInt64 = clock.viewCount >= 64 ? .max : (1 << UInt64(clock.viewCount)) - 1
    var firsts = Firsts(users: all, sessions: touch.pointee.session == nil ? 0 : all)
    if place.newer != nil { excludeNewer(than: touch, of: user, &firsts) }
    let earliest = clock.earliest(touch.pointee.time)
    var link = place.older
    var steps = 0
    while firsts.users | firsts.sessions != 0, let record = self.record(link),
      record.pointee.time >= earliest
    {
      if let older = record.touch { exclude(older, touch, &firsts) }
      link = record.pointee.next
      steps += 1
    }
    if steps > BusyUsers.longestWalk { makeBusy(user, bucket) }
    return firsts
  }

  private mutating func excludeNewer(
    than touch: TouchPointer, of user: User, _ firsts: inout Firsts
  ) {
    var link = user.slot.pointee.newest
    while let record = self.record(link), record != touch.record {
      if let newer = record.touch { exclude(newer, touch, &firsts) }
      link = record.pointee.next
    }
  }

  /// Takes off the views in which `other` stands in the same bucket as `touch`.
  private mutating func exclude(
    _ other: TouchPointer, _ touch: TouchPointer, _ firsts: inout Firsts
  ) {
    var open = firsts.users | firsts.sessions
    let session = touch.pointee.session
    let isSameSession = session != nil && session == other.pointee.session
    while open != 0 {
      let view = open.trailingZeroBitCount
      open &= open - 1
      guard
        placements.group(of: other.pointee.placement, view: view)
          == placements.group(of: touch.pointee.placement, view: view),
        clock.isInWindow(
          view, from: clock.start(view, touch.pointee.time), other.pointee.time)
      else { continue }
      firsts.users &= ~(1 << UInt64(view))
      if isSameSession { firsts.sessions &= ~(1 << UInt64(view)) }
    }
  }

  /// Remembers where a user has been counted so far, so that nobody walks its touches again.
  private mutating func makeBusy(_ user: User, _ bucket: UInt64) {
    var link = user.slot.pointee.newest
    while let record = self.record(link) {
      if let touch = record.touch { _ = countBusy(touch, user.hash, arena.bucket(of: link)) }
      link = record.pointee.next
    }
    busyUsers.insert(user.hash, bucket: bucket)
  }

  /// Counts a touch of a busy user.
  private mutating func countBusy(
    _ touch: TouchPointer, _ hash: Hash128, _ bucket: UInt64
  ) -> Firsts {
    var firsts = Firsts(users: 0, sessions: 0)
    if busyUsers.contains(hash) { busyUsers.insert(hash, bucket: bucket) }
    for view in 0..<clock.viewCount {
      let group = placements.group(of: touch.pointee.placement, view: view)
      let windowStart = clock.start(view, touch.pointee.time)
      if busyUsers.count(
        hash, group: group, windowStart: windowStart, session: nil, bucket: bucket)
      {
        firsts.users |= 1 << UInt64(view)
      }
      if let session = touch.pointee.session,
        busyUsers.count(
          hash, group: group, windowStart: windowStart, session: session.bits, bucket: bucket)
      {
        firsts.sessions |= 1 << UInt64(view)
      }
    }
    return firsts
  }

  // MARK: Forgetting

  /// Drops the buckets before `bucket` and the placements that only they used.
  mutating func forget(before bucket: UInt64) {
    guard bucket > arena.firstLiveBucket else { return }
    arena.drop(before: bucket)
    users.shrink(arena)
    placements.collect(before: bucket)
    busyUsers.forget(before: bucket)
  }
}
