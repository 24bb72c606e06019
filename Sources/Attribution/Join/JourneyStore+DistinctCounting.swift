// Safety: records are reached only through links that `arena.resolve` has checked, within the commit (see JourneyStore.swift).

/// Distinct users and sessions: whether a touch is the first, or was the last, of its user in a window.
extension JourneyStore {
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
    link = user.other
    while newDistincts.users | newDistincts.sessions != 0, let record = self.record(link),
      record.pointee.time >= earliest
    {
      if let other = record.touch { exclude(other, touch, &newDistincts) }
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
  mutating func tally(
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
}
