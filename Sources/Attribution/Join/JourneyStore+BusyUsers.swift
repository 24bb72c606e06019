// Safety: records are reached only through links that `arena.resolve` has checked, within the commit (see JourneyStore.swift).

/// Users with so many records that an index holds them instead of a list.
extension JourneyStore {
  /// Whether the user's records are in an index.
  @inline(__always)
  func isIndexed(_ user: User) -> Bool {
    hasIndex(user.slot.pointee.newest) || hasIndex(user.other)
  }

  /// Whether an index holds the records of the list that begins here.
  @inline(__always)
  private func hasIndex(_ newest: BucketArena.Link) -> Bool {
    record(newest)?.pointee.flags.contains(.isIndexed) ?? false
  }

  /// Moves a user's records from its lists into an index, and remembers where it has been counted so far: from
  /// now on no step walks them. O(records), once for each of them.
  @inline(never)
  mutating func makeBusy(_ user: User) {
    let index = JourneyIndex()
    for newest in [user.slot.pointee.newest, user.other] {
      var links: [BucketArena.Link] = []
      var link = newest
      while let record = self.record(link) {
        links.append(link)
        link = record.pointee.next
      }
      for link in links.reversed() {
        let record = record(link)!
        index.insert(record, link, arena)
        if let touch = record.touch {
          _ = countBusy(touch, user.hash, arena.bucket(of: link).slice)
        }
      }
      // In the newest bucket there is, for the list lives as long as this record.
      if !links.isEmpty { anchor(newest, index) }
    }
    indexedCount += index.count
    indexes[user.hash] = index
  }

  /// Makes the newest record of a list say that an index holds it, and the index live as long.
  private func anchor(_ newest: BucketArena.Link, _ index: JourneyIndex) {
    record(newest)!.pointee.flags.insert(.isIndexed)
    if arena.bucket(of: newest).isOfImpressions {
      index.impressionAnchor = newest
    } else {
      index.anchor = newest
    }
  }

  func index(of user: User) -> JourneyIndex { indexes[user.hash]! }

  mutating func insertIndexed(
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
    // Of this list there may be nothing yet.
    guard
      self.record(newest) == nil || arena.bucket(of: link) >= arena.bucket(of: newest)
    else { return }
    record.pointee.next = .none
    user.slot.pointee.newest = link
    anchor(link, index)
  }

  /// As `place(for:)`. A conversion that has its most touches already, all of them later than the new one, is
  /// left alone, and so is one that was opened to this kind in this commit.
  mutating func indexedPlace(
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

  mutating func setIndexedRevision(
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
  mutating func removeIndexed(_ record: RecordPointer, of user: User) {
    let index = index(of: user)
    index.remove(record, arena)
    indexedCount -= 1
    if index.links?.removeValue(forKey: lookUpKey(of: record)) != nil { lookedUpCount -= 1 }
  }

  /// A record of a busy user by its id alone.
  mutating func indexedRecord(
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
}
