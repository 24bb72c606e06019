// Safety: records are reached only through links that `arena.resolve` has checked, within the commit (see JourneyStore.swift).

/// Which touches are eligible for a conversion, and which conversions a touch may be eligible for.
extension JourneyStore {
  /// Fills `creditable` with the conversions for which an impression lies within the look-back, where impressions have
  /// a list of their own.
  ///
  /// - Returns: false if the walk is too long.
  mutating func findCreditable(for impression: TouchPointer, of user: User) -> Bool {
    newerCounts.removeAll(keepingCapacity: true)
    guard let lookback = rules.lookback(of: .impression) else { return true }
    let time = impression.pointee.time
    var link = user.newest
    var other = user.newestImpression
    var newer = 0
    var steps = 0
    while let record = self.record(link), record.pointee.time >= time {
      if let conversion = record.conversion, conversion.pointee.time - lookback <= time,
        !conversion.pointee.head.flags.contains(.isUnmatched)
      {
        while steps <= longestWalk, let impression = self.record(other),
          impression.pointee.time > conversion.pointee.time
        {
          newer += 1
          steps += 1
          other = impression.pointee.next
        }
        creditable.append(conversion)
        newerCounts.append(newer)
      }
      link = record.pointee.next
      steps += 1
      if steps > longestWalk { return false }
    }
    return true
  }

  /// Takes the conversions off `creditable` that have their most touches between the new touch, which `newer`
  /// of its kind come after, and themselves. One that had no more than those is truncated from now on.
  mutating func leaveOutSurpassed(
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

  /// Fills `eligible` with a conversion's eligible touches: of more than may share the credit, the last.
  ///
  /// - Returns: whether clicks are among them.
  @discardableResult
  mutating func collectEligible(for conversion: ConversionPointer, of user: User) -> Bool {
    eligible.removeAll(keepingCapacity: true)
    isTruncated = false
    if conversion.pointee.head.flags.contains(.isUnmatched) { return false }
    if isIndexed(user) { return collectIndexed(for: conversion, of: user) }
    if retention.separatesImpressions { return collectFromBoth(for: conversion, of: user) }
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

  /// As `collectEligible`, where impressions have a list of their own.
  private mutating func collectFromBoth(
    for conversion: ConversionPointer, of user: User
  ) -> Bool {
    let time = conversion.pointee.time
    var isWhole = collect(.click, from: user.newest, before: time)
    let hasClick = !eligible.isEmpty
    if isWhole, !hasClick || !rules.preferClicks {
      let clickCount = eligible.count
      isWhole = collect(.impression, from: user.newestImpression, before: time)
      if hasClick && eligible.count > clickCount { sortEligible() }
    }
    guard isWhole else {
      makeBusy(user)
      eligible.removeAll(keepingCapacity: true)
      return collectIndexed(for: conversion, of: user)
    }
    orderEligible()
    return hasClick
  }

  /// Appends the touches of a kind from a link on that are eligible at `time` to `eligible`, the newest first.
  ///
  /// - Returns: false if the walk is too long.
  private mutating func collect(
    _ kind: EventKind, from newest: BucketArena.Link, before time: Milliseconds
  ) -> Bool {
    guard let lookback = rules.lookback(of: kind) else { return true }
    var link = newest
    var steps = 0
    while let record = self.record(link), record.pointee.time >= time - lookback {
      steps += 1
      if steps > longestWalk { return false }
      link = record.pointee.next
      if record.pointee.time <= time, let touch = record.touch { eligible.append(touch) }
    }
    return true
  }

  /// Sorts the touches of both kinds, the newest first.
  private mutating func sortEligible() {
    eligible.sort { left, right in
      let (first, second) = (left.pointee.time, right.pointee.time)
      return first != second ? first > second : left.id.isAfter(right.id)
    }
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

  private mutating func collectIndexed(
    for conversion: ConversionPointer, of user: User
  ) -> Bool {
    let index = index(of: user)
    let time = conversion.pointee.time
    collect(index.clicks, .click, before: time)
    let clickCount = eligible.count
    if clickCount == 0 || !rules.preferClicks {
      collect(index.impressions, .impression, before: time)
      if clickCount > 0 && eligible.count > clickCount { sortEligible() }
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
}
