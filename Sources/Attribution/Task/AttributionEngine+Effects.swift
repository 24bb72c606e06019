import CIntrinsics

/// What a commit publishes: deltas and credited conversions.
extension AttributionEngine {
  /// Visits the change of every bucket since the last `endCommit`, in order of first change.
  /// Changes that cancelled out are left out.
  mutating func forEachDelta(
    _ body: (RollupDelta) throws -> Void
  ) rethrows {
    for index in changed.indices {
      prefetchChanged(from: index)
      if changed[index].conversion.pointee.head.flags.contains(.needsBooking) {
        settle(changed[index])
      }
    }
    try ledger.forEachDelta(&journeys, body)
  }

  /// Visits every conversion accepted or corrected since the last `endCommit`, its revision
  /// already counted up. Call once per commit; before `forEachDelta` it is cheaper than after.
  mutating func forEachCorrectedConversion(
    _ body: (CreditedConversion) throws -> Void
  ) rethrows {
    for index in changed.indices {
      prefetchChanged(from: index)
      let conversion = changed[index].conversion
      // Neither, where another version has taken its place.
      guard !conversion.pointee.head.flags.isDisjoint(with: [.needsBooking, .needsPublishing])
      else { continue }
      settle(changed[index])
      guard conversion.pointee.head.flags.contains(.needsPublishing) else { continue }
      conversion.pointee.head.flags.remove(.needsPublishing)
      conversion.pointee.revision += 1
      try ledger.describe(conversion, user: changed[index].user, &journeys, body)
    }
  }

  /// Finds the eligible touches of a changed conversion, and books its shares if they are not.
  private mutating func settle(_ change: (conversion: ConversionPointer, user: Hash128)) {
    let conversion = change.conversion
    let hasClick = journeys.collectEligible(
      for: conversion, of: journeys.user(change.user, of: .conversion))
    guard conversion.pointee.head.flags.contains(.needsBooking) else { return }
    conversion.pointee.head.flags.remove(.needsBooking)
    // An impression that came late changes nothing where there is a click.
    if !hasClick { conversion.pointee.head.flags.insert(.needsPublishing) }
    ledger.add(conversion, sign: 1, &journeys)
  }

  /// Has what `settle` needs for the next changes fetched.
  private mutating func prefetchChanged(from index: Int) {
    if index + 16 < changed.count {
      journeys.prefetchUser(changed[index + 16].user)
      CIntrinsics.prefetch(changed[index + 16].conversion)
    }
    if index + 8 < changed.count { journeys.prefetchJourney(changed[index + 8].user) }
    // Mostly the conversion is the newest itself, and what it credits comes next.
    if index + 4 < changed.count { journeys.prefetchNext(changed[index + 4].conversion.record) }
  }

  /// Closes the commit: forgets its effects and whatever the watermark has passed.
  mutating func endCommit() {
    for change in changed {
      change.conversion.pointee.head.flags.subtract([.needsBooking, .needsPublishing])
    }
    changed.removeAll(keepingCapacity: true)
    ledger.removeAll()
    journeys.endCommit()
    progress.advanceRetentionMark()
    forget()
  }

  /// Forgets whatever no event that may still be accepted can reach.
  mutating func forget() {
    let mark = progress.retentionMark.moved(back: definitions.correctionHorizon)
    guard mark.isKnown else { return }
    let (formerID, formerLive) = (identities.firstLiveBucket, journeys.live)
    identities.forget(before: buckets.firstLive(mark))
    journeys.forget(allBut: journeys.retention.live(from: mark))
    if identities.firstLiveBucket != formerID { costs.forget(before: identities.firstLiveBucket) }
    if journeys.live != formerLive { versions.forget(before: journeys.live.firstOfAny) }
  }
}
