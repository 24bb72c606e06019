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
  private let longestWalk: Int

  private(set) var arena = BucketArena()
  private var users = UserTable()
  private var busyUsers: BusyUsers
  private var indexes: [Hash128: JourneyIndex] = [:]
  /// Records that indexes hold.
  private var indexedCount = 0
  /// What indexes hold beside records: tallies, and records by their ids.
  private var lookedUpCount = 0
  private let key: IdentityKey
  /// Tells commits apart.
  private var commit: UInt64 = 0
  var tuples: DimensionTupleTable
  private let clock: WindowClock
  private let rules: EligibilityRules
  /// The conversions for which the touch of the last `place(for:)` lies within the look-back.
  private(set) var creditable: [ConversionPointer] = []
  /// The result of the last `collectEligible`: touches in journey order.
  private(set) var eligible: [TouchPointer] = []
  /// Whether there were more of them than may share the credit.
  private(set) var isTruncated = false
  /// Of each of `creditable`, how many touches of the same kind are newer; kept only where that can matter.
  private var newerCounts: [Int] = []
  private let packing = UnsafeMutablePointer<UInt8>.allocate(capacity: PackedID.packedCount)

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

  /// Finds where a touch goes, and fills `creditable` on the way.
  ///
  /// - Parameters:
  ///   - isRestored: nothing will be done to the conversions that it may credit.
  ///   - isThere: it stands in its place already, and is about to be removed.
  @discardableResult
  mutating func place(
    for touch: TouchPointer, of user: User, isRestored: Bool = false, isThere: Bool = false
  ) -> Position {
    if !creditable.isEmpty { creditable.removeAll(keepingCapacity: true) }
    let time = touch.pointee.time
    let lookback = rules.lookback(of: touch.pointee.kind)
    var place = Position(newer: nil, older: user.slot.pointee.newest)
    guard let newest = record(place.older) else { return place }
    if newest.pointee.flags.contains(.isIndexed) {
      return indexedPlace(for: touch, of: user, isRestored)
    }
    guard newest.pointee.time >= time else { return place }
    let isImpression = touch.pointee.kind == .impression
    var newer = 0
    var steps = 0
    newerCounts.removeAll(keepingCapacity: true)
    while let record = self.record(place.older), record.pointee.time >= time {
      if let conversion = record.conversion {
        if let lookback, conversion.pointee.time - lookback <= time,
          !conversion.pointee.head.flags.contains(.isUnmatched)
        {
          creditable.append(conversion)
          newerCounts.append(newer)
        }
      } else if record.pointee.time == time, !record.touch!.id.isAfter(touch.id) {
        break
      } else if record.pointee.flags.contains(.isImpression) == isImpression {
        newer += 1
      }
      place.newer = record
      place.older = record.pointee.next
      steps += 1
      if steps > longestWalk {
        makeBusy(user)
        return indexedPlace(for: touch, of: user, isRestored)
      }
    }
    if newer >= rules.maxTouches {
      // Those before it are looked for behind it, if it is there.
      let older = isThere ? touch.record.pointee.next : place.older
      leaveOutSurpassed(newer, by: touch, before: older)
    }
    return place
  }

  /// Takes the conversions off `creditable` that have their most touches between the new touch, which `newer`
  /// of its kind come after, and themselves. One that had no more than those is truncated from now on.
  private mutating func leaveOutSurpassed(
    _ newer: Int, by touch: TouchPointer, before older: BucketArena.Link
  ) {
    guard let lookback = rules.lookback(of: touch.pointee.kind) else { return }
    let olderTime = timeOfTouch(touch.pointee.kind, from: older) ?? .min
    var kept = 0
    for index in creditable.indices {
      let between = newer - newerCounts[index]
      let hadMore = olderTime >= creditable[index].pointee.time - lookback
      guard between < rules.maxTouches || between == rules.maxTouches && !hadMore else { continue }
      creditable[kept] = creditable[index]
      kept += 1
    }
    creditable.removeSubrange(kept...)
  }

  /// The time of the first touch of a kind from a link on, if it is not far.
  private func timeOfTouch(_ kind: EventKind, from link: BucketArena.Link) -> Milliseconds? {
    var link = link
    for _ in 0...longestWalk {
      guard let record = self.record(link) else { return nil }
      if let touch = record.touch, touch.pointee.kind == kind { return record.pointee.time }
      link = record.pointee.next
    }
    return nil
  }

  /// Puts a touch made at `link` where it belongs.
  mutating func insert(
    _ touch: TouchPointer, _ link: BucketArena.Link, at place: Position, of user: User
  ) {
    // What was done since its place was found may have moved the user's records into an index.
    if isIndexed(user) { return insertIndexed(touch.record, link, of: user) }
    insert(touch.record, link, at: place, of: user)
  }

  private mutating func insert(
    _ record: RecordPointer, _ link: BucketArena.Link, at place: Position, of user: User
  ) {
    record.pointee.next = place.older
    if let newer = place.newer {
      newer.pointee.next = link
    } else {
      user.slot.pointee.newest = link
    }
  }

  /// Puts a conversion made at `link` where it belongs.
  mutating func insert(_ conversion: ConversionPointer, _ link: BucketArena.Link, of user: User) {
    var place = Position(newer: nil, older: user.slot.pointee.newest)
    if isIndexed(user) { return insertIndexed(conversion.record, link, of: user) }
    var steps = 0
    while let record = self.record(place.older), record.pointee.time > conversion.pointee.time {
      place.newer = record
      place.older = record.pointee.next
      steps += 1
      if steps > longestWalk {
        makeBusy(user)
        return insertIndexed(conversion.record, link, of: user)
      }
    }
    insert(conversion.record, link, at: place, of: user)
  }

  /// The remembered record of an event, if its user has it. O(longest walk), or O(log n) of a busy user's
  /// records, once they have been looked through.
  ///
  /// - Parameter times: when it may have happened: these are tried first.
  mutating func find(
    _ id: BorrowedBytes, _ kind: EventKind, near times: (Milliseconds, Milliseconds),
    of user: User
  ) -> RecordPointer? {
    let id =
      kind == .conversion
      ? PackedID(bytes: id, isPacked: false) : PackedID(id, scratch: packing)
    if !isIndexed(user) {
      var link = user.slot.pointee.newest
      var steps = 0
      while let record = self.record(link) {
        if record.has(id, kind) { return record }
        link = record.pointee.next
        steps += 1
        if steps > longestWalk { break }
      }
      if steps <= longestWalk { return nil }
      makeBusy(user)
    }
    let index = index(of: user)
    for time in [times.0, times.1] {
      if let link = index.link(of: id, kind, at: time, arena) { return record(link) }
    }
    return indexedRecord(id, kind, index)
  }

  /// Removes a touch from its user's records.
  ///
  /// - Returns: the views in whose bucket it was the last of its user, or of its session.
  mutating func remove(_ touch: TouchPointer, of user: User) -> NewDistincts {
    if isIndexed(user) {
      let lasts = tally(touch, in: index(of: user), user.hash, by: -1)
      removeIndexed(touch.record, of: user)
      return lasts
    }
    let place = unlink(touch.record, of: user)
    return newDistincts(of: touch, at: place, of: user, bucket: 0)
  }

  /// Removes a conversion from its user's records.
  mutating func remove(_ conversion: ConversionPointer, of user: User) {
    if isIndexed(user) {
      removeIndexed(conversion.record, of: user)
    } else {
      _ = unlink(conversion.record, of: user)
    }
  }

  /// Takes a record out of its user's list.
  ///
  /// - Returns: where it was.
  private func unlink(_ record: RecordPointer, of user: User) -> Position {
    var place = Position(newer: nil, older: user.slot.pointee.newest)
    while let other = self.record(place.older), other != record {
      place.newer = other
      place.older = other.pointee.next
    }
    place.older = record.pointee.next
    if let newer = place.newer {
      newer.pointee.next = place.older
    } else {
      user.slot.pointee.newest = place.older
    }
    return place
  }

  /// Fills `eligible` with a conversion's eligible touches: of more than may share the credit, the last.
  ///
  /// - Returns: whether clicks are among them.
  @discardableResult
  mutating func collectEligible(for conversion: ConversionPointer, of user: User) -> Bool {
    eligible.removeAll(keepingCapacity: true)
    isTruncated = false
    if conversion.pointee.head.flags.contains(.isUnmatched) { return false }
    if isIndexed(user) { return collectIndexed(for: conversion, of: user) }
    let time = conversion.pointee.time
    let earliest = time - rules.longestLookback
    var hasClick = false
    var hasImpression = false
    var link = user.slot.pointee.newest
    var steps = 0
    while let record = self.record(link), record.pointee.time >= earliest {
      steps += 1
      if steps > longestWalk {
        makeBusy(user)
        eligible.removeAll(keepingCapacity: true)
        return collectIndexed(for: conversion, of: user)
      }
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
    orderEligible()
    return hasClick
  }

  /// Brings `eligible`, newest first, into journey order, and leaves out what is too many.
  private mutating func orderEligible() {
    if eligible.count > rules.maxTouches {
      isTruncated = true
      eligible.removeSubrange(rules.maxTouches...)
    }
    if eligible.count > 1 { eligible.reverse() }
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
    if isIndexed(user) { return setIndexedRevision(revision, id, time, of: user) }
    var link = user.slot.pointee.newest
    var steps = 0
    while let record = self.record(link), record.pointee.time >= time {
      if let conversion = record.conversion, conversion.pointee.time == time,
        conversion.id.equals(id)
      {
        conversion.pointee.revision = revision
        return
      }
      link = record.pointee.next
      steps += 1
      if steps > longestWalk {
        makeBusy(user)
        return setIndexedRevision(revision, id, time, of: user)
      }
    }
  }

  // MARK: Busy users

  /// Whether the user's records are in an index.
  @inline(__always)
  private func isIndexed(_ user: User) -> Bool {
    record(user.slot.pointee.newest)?.pointee.flags.contains(.isIndexed) ?? false
  }

  /// Moves a user's records from its list into an index, and remembers where it has been counted so far: from
  /// now on no step walks them. O(records), once for each of them.
  @inline(never)
  private mutating func makeBusy(_ user: User) {
    var links: [BucketArena.Link] = []
    var link = user.slot.pointee.newest
    while let record = self.record(link) {
      links.append(link)
      link = record.pointee.next
    }
    let index = JourneyIndex()
    for link in links.reversed() {
      let record = record(link)!
      index.insert(record, link, arena)
      if let touch = record.touch { _ = countBusy(touch, user.hash, arena.bucket(of: link)) }
    }
    indexedCount += index.count
    indexes[user.hash] = index
    // In the newest bucket there is, for the user lives as long as this record.
    if let newest = links.first {
      record(newest)!.pointee.flags.insert(.isIndexed)
      index.anchor = newest
    }
  }

  private func index(of user: User) -> JourneyIndex { indexes[user.hash]! }

  private mutating func insertIndexed(
    _ record: RecordPointer, _ link: BucketArena.Link, of user: User
  ) {
    let index = index(of: user)
    index.insert(record, link, arena)
    indexedCount += 1
    if index.links != nil {
      index.links![lookUpKey(of: record)] = link
      lookedUpCount += 1
    }
    let newest = user.slot.pointee.newest
    guard arena.bucket(of: link) >= arena.bucket(of: newest) else { return }
    record.pointee.next = .none
    record.pointee.flags.insert(.isIndexed)
    user.slot.pointee.newest = link
    index.anchor = link
  }

  /// As `place(for:)`. A conversion that has its most touches already, all of them later than the new one, is
  /// left alone, and so is one that was opened to this kind in this commit.
  private mutating func indexedPlace(
    for touch: TouchPointer, of user: User, _ isRestored: Bool
  ) -> Position {
    creditable.removeAll(keepingCapacity: true)
    let place = Position(newer: nil, older: .none, isIndexed: true)
    if isRestored { return place }
    let kind = touch.pointee.kind
    let time = touch.pointee.time
    let index = index(of: user)
    guard let lookback = rules.lookback(of: kind), !index.conversions.isEmpty else { return place }
    var latest = time + lookback
    // Those for which it is one too many: truncated from now on, unless they were before.
    var truncated: ClosedRange<Milliseconds>?
    let touches = index.touches(kind)
    let position = index.position(of: touch, arena)
    if let last = touches.position(position, movedBy: rules.maxTouches - 1) {
      let lastTime = touches.record(at: last, arena).pointee.time
      var earliest = lastTime
      touches.forEachBackwards(from: position, arena) { record in
        if record == touch.record { return true }
        earliest = max(earliest, record.pointee.time + lookback + 1)
        return false
      }
      if let next = touches.position(last, movedBy: 1) {
        latest = min(latest, touches.record(at: next, arena).pointee.time - 1)
      }
      if earliest <= latest { truncated = earliest...latest }
      latest = min(latest, lastTime - 1)
    }
    var rest: [ClosedRange<Milliseconds>] = truncated.map { [$0] } ?? []
    if time <= latest {
      let range = time...latest
      rest +=
        kind == .click
        ? index.openedToClicks.cover(range, commit: commit)
        : index.openedToImpressions.cover(range, commit: commit)
    }
    for times in rest {
      let start = index.conversions.position(arena) { $0.pointee.time >= times.lowerBound }
      index.conversions.forEach(from: start, arena) { record in
        guard record.pointee.time <= times.upperBound else { return false }
        if !record.pointee.flags.contains(.isUnmatched) { creditable.append(record.conversion!) }
        return true
      }
    }
    return place
  }

  private mutating func collectIndexed(
    for conversion: ConversionPointer, of user: User
  ) -> Bool {
    let index = index(of: user)
    let time = conversion.pointee.time
    collect(index.clicks, .click, before: time)
    let clickCount = eligible.count
    if clickCount == 0 || !rules.preferClicks {
      collect(index.impressions, .impression, before: time)
      if clickCount > 0 && eligible.count > clickCount {
        eligible.sort { left, right in
          let (first, second) = (left.pointee.time, right.pointee.time)
          return first != second ? first > second : left.id.isAfter(right.id)
        }
      }
    }
    orderEligible()
    return clickCount > 0
  }

  /// Appends the touches of a kind that are eligible at `time` to `eligible`, the newest first, and one more
  /// than may share the credit at most.
  private mutating func collect(
    _ touches: OrderedLinks, _ kind: EventKind, before time: Milliseconds
  ) {
    guard let lookback = rules.lookback(of: kind) else { return }
    var room = rules.maxTouches + 1
    let start = touches.position(arena) { $0.pointee.time > time }
    touches.forEachBackwards(from: start, arena) { record in
      guard room > 0, record.pointee.time >= time - lookback else { return false }
      room -= 1
      eligible.append(record.touch!)
      return true
    }
  }

  private mutating func setIndexedRevision(
    _ revision: Int32, _ id: BorrowedBytes, _ time: Milliseconds, of user: User
  ) {
    let conversions = index(of: user).conversions
    let position = index(of: user).position(ofConversion: id, at: time, arena)
    guard position != conversions.end else { return }
    let conversion = conversions.record(at: position, arena).conversion!
    guard conversion.pointee.time == time, conversion.id.equals(id) else { return }
    conversion.pointee.revision = revision
  }

  /// Removes a record from a busy user's index. If it is the newest it stays where it is, as the user's anchor.
  private mutating func removeIndexed(_ record: RecordPointer, of user: User) {
    let index = index(of: user)
    index.remove(record, arena)
    indexedCount -= 1
    if index.links?.removeValue(forKey: lookUpKey(of: record)) != nil { lookedUpCount -= 1 }
  }

  /// A record of a busy user by its id alone.
  private mutating func indexedRecord(
    _ id: PackedID, _ kind: EventKind, _ index: JourneyIndex
  ) -> RecordPointer? {
    if index.links == nil {
      var links: [Hash128: BucketArena.Link] = [:]
      index.forEach(arena) { record, link in links[lookUpKey(of: record)] = link }
      lookedUpCount += links.count
      index.links = links
    }
    guard let link = index.links?[lookUpKey(of: id, kind)], let record = record(link),
      record.has(id, kind)
    else { return nil }
    return record
  }

  private func lookUpKey(of record: RecordPointer) -> Hash128 {
    if let touch = record.touch { return lookUpKey(of: touch.id, touch.pointee.kind) }
    return lookUpKey(of: PackedID(bytes: record.conversion!.id, isPacked: false), .conversion)
  }

  private func lookUpKey(of id: PackedID, _ kind: EventKind) -> Hash128 {
    let hash = key.hash(id.bytes)
    return key.hash(
      IdentityKey.InlineWords(
        tag: 4, first: hash.high, second: hash.low, third: UInt64(kind.rawValue),
        fourth: id.isPacked ? 1 : 0, fifth: 0))
  }

  // MARK: Distinct users and sessions

  /// The views in whose bucket the user of a touch, or its session, is new. The touch stands at
  /// `place` of the user's list.
  mutating func newDistincts(
    of touch: TouchPointer, at place: Position, of user: User, bucket: UInt64
  ) -> NewDistincts {
    if isIndexed(user) { return countBusy(touch, user.hash, bucket) }
    let all: UInt64 = clock.viewCount >= 64 ? .max : (1 << UInt64(clock.viewCount)) - 1
    var newDistincts = NewDistincts(users: all, sessions: touch.pointee.session == nil ? 0 : all)
    if place.newer != nil {
      excludeNewer(than: touch, of: user, before: place.older, &newDistincts)
    }
    let earliest = clock.earliest(touch.pointee.time)
    var link = place.older
    var steps = 0
    while newDistincts.users | newDistincts.sessions != 0, let record = self.record(link),
      record.pointee.time >= earliest
    {
      if let older = record.touch { exclude(older, touch, &newDistincts) }
      link = record.pointee.next
      steps += 1
    }
    if steps > longestWalk { makeBusy(user) }
    return newDistincts
  }

  /// - Parameter older: what the touch stands before, or stood.
  private mutating func excludeNewer(
    than touch: TouchPointer, of user: User, before older: BucketArena.Link,
    _ newDistincts: inout NewDistincts
  ) {
    var link = user.slot.pointee.newest
    while link != older, let record = self.record(link), record != touch.record {
      if let newer = record.touch { exclude(newer, touch, &newDistincts) }
      link = record.pointee.next
    }
  }

  /// Takes off the views in which `other` stands in the same bucket as `touch`.
  private mutating func exclude(
    _ other: TouchPointer, _ touch: TouchPointer, _ newDistincts: inout NewDistincts
  ) {
    var open = newDistincts.users | newDistincts.sessions
    let session = touch.pointee.session
    let isSameSession = session != nil && session == other.pointee.session
    while open != 0 {
      let view = open.trailingZeroBitCount
      open &= open - 1
      guard
        tuples.group(of: other.pointee.tuple, view: view)
          == tuples.group(of: touch.pointee.tuple, view: view),
        clock.isInWindow(
          view, from: clock.start(view, touch.pointee.time), other.pointee.time)
      else { continue }
      newDistincts.users &= ~(1 << UInt64(view))
      if isSameSession { newDistincts.sessions &= ~(1 << UInt64(view)) }
    }
  }

  /// Counts a touch of a user that has an index.
  @discardableResult
  mutating func countBusy(
    _ touch: TouchPointer, _ hash: Hash128, _ bucket: UInt64
  ) -> NewDistincts {
    if let index = indexes[hash], index.isTallied { return tally(touch, in: index, hash, by: 1) }
    var newDistincts = NewDistincts(users: 0, sessions: 0)
    for view in 0..<clock.viewCount {
      let group = tuples.group(of: touch.pointee.tuple, view: view)
      let windowStart = clock.start(view, touch.pointee.time)
      if busyUsers.count(
        hash, group: group, windowStart: windowStart, session: nil, bucket: bucket)
      {
        newDistincts.users |= 1 << UInt64(view)
      }
      if let session = touch.pointee.session,
        busyUsers.count(
          hash, group: group, windowStart: windowStart, session: session.bits, bucket: bucket)
      {
        newDistincts.sessions |= 1 << UInt64(view)
      }
    }
    return newDistincts
  }

  /// Counts a touch of a busy user, which is in its index, up or down.
  ///
  /// The set of those who were counted cannot forget one: from the first touch that is taken back the touches
  /// themselves are counted, once for all those of the user and then as they come and go.
  ///
  /// - Returns: where it was the first that came, or the last that went.
  private mutating func tally(
    _ touch: TouchPointer, in index: JourneyIndex, _ user: Hash128, by change: Int32
  ) -> NewDistincts {
    index.isTallied = true
    var isCounted = false
    var tallies = index.tallies ?? [:]
    index.tallies = nil
    let former = tallies.count
    if tallies.isEmpty {
      index.forEach(arena) { record, _ in
        guard let touch = record.touch else { return }
        forEachTallied(touch, user) { hash, _, _ in tallies[hash, default: 0] += 1 }
      }
      // It is among them.
      isCounted = change > 0
    }
    var changes = NewDistincts(users: 0, sessions: 0)
    forEachTallied(touch, user) { hash, view, isSession in
      let count = tallies[hash, default: 0] + (isCounted ? 0 : change)
      tallies[hash] = count == 0 ? nil : count
      guard count == (change > 0 ? 1 : 0) else { return }
      if isSession { changes.sessions |= 1 << view } else { changes.users |= 1 << view }
    }
    lookedUpCount += tallies.count - former
    index.tallies = tallies
    return changes
  }

  /// Visits what a touch is counted under: its user, and its session, in the bucket of each view.
  private func forEachTallied(
    _ touch: TouchPointer, _ user: Hash128,
    _ body: (_ hash: Hash128, _ view: UInt64, _ isSession: Bool) -> Void
  ) {
    for view in 0..<clock.viewCount {
      let group = tuples.group(of: touch.pointee.tuple, view: view)
      let start = clock.start(view, touch.pointee.time)
      body(
        busyUsers.hash(user, group: group, windowStart: start, session: nil), UInt64(view), false)
      if let session = touch.pointee.session {
        body(
          busyUsers.hash(user, group: group, windowStart: start, session: session.bits),
          UInt64(view), true)
      }
    }
  }

  // MARK: Forgetting

  /// Begins another commit.
  mutating func endCommit() { commit &+= 1 }

  /// Drops the buckets before `bucket` and the tuples that only they used.
  mutating func forget(before bucket: UInt64) {
    guard bucket > arena.firstLiveBucket else { return }
    arena.drop(before: bucket)
    for (hash, index) in indexes {
      let former = index.count
      lookedUpCount -= (index.tallies?.count ?? 0) + (index.links?.count ?? 0)
      index.removeDead(arena)
      indexedCount -= former - index.count
      if record(index.anchor) == nil { indexes[hash] = nil }
    }
    users.shrink(arena)
    tuples.collect(before: bucket)
    busyUsers.forget(before: bucket)
  }
}
