// Safety: records are reached only through links that `arena.resolve` has checked, within the commit (see JourneyStore.swift).

/// A user's records in journey order: putting them in, finding them, taking them out.
extension JourneyStore {
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
    if isIndexed(user) { return indexedPlace(for: touch, of: user, isRestored) }
    let time = touch.pointee.time
    let lookback = rules.lookback(of: touch.pointee.kind)
    var place = Position(newer: nil, older: user.slot.pointee.newest)
    if user.isOfImpressions, lookback != nil, !isRestored, !findCreditable(for: touch, of: user) {
      makeBusy(user)
      return indexedPlace(for: touch, of: user, isRestored)
    }
    guard let newest = record(place.older), newest.pointee.time >= time else { return place }
    let isImpression = touch.pointee.kind == .impression
    var newer = 0
    var steps = 0
    if creditable.isEmpty { newerCounts.removeAll(keepingCapacity: true) }
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

  /// Puts a touch made at `link` where it belongs.
  mutating func insert(
    _ touch: TouchPointer, _ link: BucketArena.Link, at place: Position, of user: User
  ) {
    // What was done since its place was found may have moved the user's records into an index.
    if isIndexed(user) { return insertIndexed(touch.record, link, of: user) }
    insert(touch.record, link, at: place, of: user)
  }

  mutating func insert(
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
}
