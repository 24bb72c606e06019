/// What became of an event.
public enum Outcome: Sendable, Equatable {
  case accepted
  /// Accepted, behind the watermark: corrects the bucket that it belongs to.
  case acceptedLate
  /// Its id was seen before: changes nothing.
  case duplicate
  /// Behind the correction horizon: changes nothing and waits for a backfill.
  case tooLate

  public var isAccepted: Bool { self == .accepted || self == .acceptedLate }
}

/// The attribution of one task: the state machine that turns events into deltas and credits.
///
/// A task is one partition number over all keyed inputs (or one partition of the costs). It dedups,
/// joins each conversion with the user's touches and credits them; the published result is a
/// function of the set of events that were not too late, whatever their order. No I/O and no clock:
/// the same calls have the same effects. One thread at a time.
///
/// ```swift
/// let task = AttributionTask(definitions: definitions, kinds: [.click, .conversion])
/// if task.apply(event).isAccepted { remember(event) }
/// task.forEachDelta { delta in … }
/// task.forEachCorrectedConversion { conversion in … }
/// task.endCommit()
/// ```
public final class AttributionTask {
  public let definitions: Definitions
  public let kinds: Set<EventKind>
  public private(set) var progress: TaskProgress

  private var identities: IdentitySets
  private var journeys: Journeys
  private var ledger: CreditLedger
  private let buckets: TimeBuckets

  public init(definitions: Definitions, kinds: Set<EventKind>) {
    self.definitions = definitions
    self.kinds = kinds
    progress = TaskProgress(kinds: kinds, allowedLateness: definitions.allowedLateness)
    buckets = TimeBuckets(horizon: definitions.correctionHorizon)
    identities = IdentitySets()
    journeys = Journeys(definitions: definitions)
    ledger = CreditLedger(definitions: definitions)
  }

  // MARK: Events

  /// Admits, dedups and applies one event. O(1) but for the user's own touches in reach.
  public func apply(_ event: borrowing Event) -> Outcome {
    if progress[event.kind].isIdle { _ = progress.setIdle(false, event.kind) }
    let lateness = lateness(of: event.time, event.kind)
    if lateness == .tooLate { return .tooLate }
    let bucket = stateBucket(of: event.time)
    let id = Hash128(event.eventID)
    guard identities.insert(id, event.kind, bucket: bucket) else { return .duplicate }
    switch event.kind {
    case .impression, .click: addTouch(event, bucket)
    case .conversion: addConversion(event, bucket)
    case .cost: addCost(event, bucket)
    }
    _ = progress.accept(event.kind, at: event.time)
    return lateness == .late ? .acceptedLate : .accepted
  }

  /// Says that an input stands at the end of its log and nothing has come for the idle timeout.
  public func markIdle(_ kind: EventKind, _ isIdle: Bool = true) {
    _ = progress.setIdle(isIdle, kind)
  }

  private func lateness(of time: Milliseconds, _ kind: EventKind) -> Lateness {
    if time >= progress.watermark.time { return .onTime }
    let mark = progress.lossMark(for: kind)
    return mark.isKnown && time < mark.time - definitions.correctionHorizon ? .tooLate : .late
  }

  private func addTouch(_ event: borrowing Event, _ bucket: UInt64) {
    let touch = journeys.makeTouch(event, bucket: bucket)
    let user = journeys.user(Hash128(event.userID))
    let corrected = journeys.conversions(of: user, creditableBy: touch)
    for conversion in corrected {
      ledger.add(conversion, journeys.eligible(for: conversion, of: user), sign: -1, journeys)
    }
    let firsts = journeys.insert(touch, into: user, bucket: bucket)
    for conversion in corrected {
      let touches = journeys.eligible(for: conversion, of: user)
      ledger.add(conversion, touches, sign: 1, journeys)
      if touches.contains(touch) { journeys.markDirty(conversion) }
    }
    ledger.count(touch, cost: event.amount, firsts, journeys)
  }

  private func addConversion(_ event: borrowing Event, _ bucket: UInt64) {
    let conversion = journeys.makeConversion(event, bucket: bucket)
    let user = journeys.user(Hash128(event.userID))
    journeys.insert(conversion, into: user)
    ledger.add(conversion, journeys.eligible(for: conversion, of: user), sign: 1, journeys)
    journeys.markDirty(conversion)
  }

  private func addCost(_ event: borrowing Event, _ bucket: UInt64) {
    let placement = journeys.placements.intern(
      campaign: event.campaignID, channel: .empty, ad: .empty, bucket: bucket)
    ledger.spend(event.amount, on: placement, at: event.time, journeys)
  }

  // MARK: Effects of a commit

  /// Visits the change of every bucket since the last `endCommit`, in order of first change.
  /// Changes that cancelled out are left out.
  public func forEachDelta<Failure: Error>(
    _ body: (RollupDelta) throws(Failure) -> Void
  ) throws(Failure) {
    try ledger.forEachDelta(journeys, body)
  }

  /// Visits every conversion accepted or corrected since the last `endCommit`, its revision
  /// already counted up. Call once per commit.
  public func forEachCorrectedConversion<Failure: Error>(
    _ body: (CreditedConversion) throws(Failure) -> Void
  ) throws(Failure) {
    for (conversion, userHash) in journeys.takeDirty() {
      let touches = journeys.eligible(for: conversion, of: journeys.user(userHash))
      try ledger.describe(conversion, touches, journeys, body)
    }
  }

  /// Closes the commit: forgets its effects and whatever the watermark has passed.
  public func endCommit() {
    ledger.removeAll()
    progress.advanceKept()
    forget()
  }

  /// Forgets whatever no event that may still be accepted can reach.
  private func forget() {
    let mark = progress.kept.moved(back: definitions.correctionHorizon)
    guard mark.isKnown else { return }
    identities.forget(before: buckets.firstLive(mark))
    journeys.forget(before: buckets.firstLive(mark.moved(back: journeyMargin)))
  }

  /// How much longer than the correction horizon a touch can matter: for a late conversion's
  /// look-back, and for the distinct users of the longest window.
  private var journeyMargin: Milliseconds {
    max(
      definitions.lookback, definitions.impressionLookback,
      definitions.views.map(\.periodMilliseconds).max() ?? 0)
  }

  // MARK: Restore

  /// The event-time bucket under which an event's state is kept, and forgotten. What was accepted
  /// from behind everything that is kept goes with the oldest.
  public func stateBucket(of time: Milliseconds) -> UInt64 {
    max(buckets.bucket(of: time), journeys.firstLiveBucket)
  }

  /// Buckets before this one hold nothing any more.
  public var firstLiveStateBucket: UInt64 { journeys.firstLiveBucket }

  /// Takes back an event accepted before a restart, without effects.
  public func restore(_ event: borrowing Event, userHash: Hash128, revision: Int32) {
    let bucket = stateBucket(of: event.time)
    // An id leaves the dedup before its touch leaves the journeys.
    if bucket >= identities.firstLiveBucket {
      _ = identities.insert(Hash128(event.eventID), event.kind, bucket: bucket)
    }
    guard event.kind != .cost else { return }
    let user = journeys.user(userHash)
    if event.kind.isTouch {
      _ = journeys.insert(
        journeys.makeTouch(event, bucket: bucket), into: user, bucket: bucket)
    } else {
      let conversion = journeys.makeConversion(event, bucket: bucket)
      conversion.pointee.revision = revision
      journeys.insert(conversion, into: user)
    }
  }

  /// Sets the published revision of a remembered conversion.
  public func restore(
    revision: Int32, ofConversion id: BorrowedBytes, userHash: Hash128, at time: Milliseconds
  ) {
    journeys.setRevision(revision, id: id, time: time, of: journeys.user(userHash))
  }

  /// Takes back the progress of before a restart. Call before restoring events.
  public func restore(
    watermark: Watermark, kept: Watermark, largest: [EventKind: Watermark]
  ) {
    progress.restore(watermark: watermark, kept: kept, largest: largest)
    // As the commit that wrote it did, right afterwards.
    progress.advanceKept()
    forget()
  }

  // MARK: Sizes

  /// What is remembered: entries, and bytes with all overhead.
  public var size: StateSize {
    StateSize(
      identityCount: identities.liveCount, identityBytes: identities.byteCount,
      userCount: journeys.userCount, placementCount: journeys.placements.count,
      journeyBytes: journeys.byteCount)
  }

  /// Bytes held by the state, all overhead included. O(1).
  public var byteCount: Int { identities.byteCount + journeys.byteCount }
}

/// The size of a task's state.
public struct StateSize: Sendable, Equatable {
  public var identityCount: Int
  public var identityBytes: Int
  public var userCount: Int
  /// Interned placements, the unattributed one included.
  public var placementCount: Int
  public var journeyBytes: Int
}
