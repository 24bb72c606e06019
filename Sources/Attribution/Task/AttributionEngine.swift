import CIntrinsics

/// What a task holds, and how events change it: the inside of `AttributionTask`.
struct AttributionEngine: ~Copyable {
  let definitions: Definitions
  let key: IdentityKey
  private(set) var progress: TaskProgress

  /// What the last accepted event is remembered as.
  private(set) var lastAccepted = AcceptedEvent(bucket: 0, placement: 0)

  private var identities = IdentitySets()
  private var journeys: Journeys
  private var ledger: CreditLedger
  private let buckets: TimeBuckets
  /// How much longer than the correction horizon a touch can matter: for a late conversion's
  /// look-back, and for the distinct users of the longest window.
  private let journeyMargin: Milliseconds
  /// Conversions accepted or corrected since the last commit.
  private var changed: [(conversion: ConversionPointer, user: Hash128)] = []
  /// Users that stand for nobody, by hash: looked at byte by byte where the hash is there.
  private let unmatchedUsers: [Hash128: [UInt8]]

  init(definitions: Definitions, inputs: Set<Int>, key: IdentityKey, longestWalk: Int) {
    self.definitions = definitions
    self.key = key
    var unmatchedUsers: [Hash128: [UInt8]] = [:]
    for user in definitions.unmatchedUsers {
      let bytes = Array(user.utf8)
      bytes.withUnsafeBytes { unmatchedUsers[key.hash(BorrowedBytes($0))] = bytes }
    }
    self.unmatchedUsers = unmatchedUsers
    progress = TaskProgress(inputs: inputs, watermarkDelay: definitions.watermarkDelay)
    buckets = TimeBuckets(horizon: definitions.correctionHorizon)
    journeys = Journeys(definitions: definitions, key: key, longestWalk: longestWalk)
    ledger = CreditLedger(definitions: definitions, key: key)
    journeyMargin = max(
      definitions.lookback, definitions.impressionLookback,
      definitions.views.map(\.periodMilliseconds).max() ?? 0)
  }

  // MARK: Events

  /// By address, because an event is too large to be copied from call to call.
  mutating func apply(_ event: UnsafePointer<Event>, _ identity: EventIdentity) -> Outcome {
    let kind = event.pointee.kind
    let time = event.pointee.time
    let input = Int(event.pointee.input)
    if progress[input].isIdle { _ = progress.setIdle(false, input) }
    let lateness = lateness(of: time, input)
    if lateness == .tooLate { return .tooLate }
    let bucket = stateBucket(of: time)
    guard identities.insert(identity.event, kind, bucket: bucket) else { return .duplicate }
    lastAccepted.bucket = bucket
    switch kind {
    case .impression, .click: addTouch(event, identity, bucket)
    case .conversion: addConversion(event, identity, bucket)
    case .cost: addCost(event, identity, bucket)
    }
    _ = progress.accept(input, at: time)
    return lateness == .late ? .acceptedLate : .accepted
  }

  /// Has the memory fetched in which `apply` will look the event's ids up.
  mutating func prefetch(_ identity: EventIdentity, _ kind: EventKind) {
    identities.prefetch(identity.event, kind)
    if kind != .cost { journeys.prefetchUser(identity.user) }
    if kind != .conversion { journeys.placements.prefetch(identity.placement) }
  }

  /// Has the newest record of the event's user fetched, some time after `prefetch`.
  mutating func prefetchJourney(_ identity: EventIdentity) {
    journeys.prefetchJourney(identity.user)
  }

  /// Says that an input stands at the end of its log and nothing has come for the idle timeout.
  mutating func markIdle(_ input: Int, _ isIdle: Bool = true) {
    _ = progress.setIdle(isIdle, input)
  }

  /// Says how the sources of a re-keyed input stand.
  mutating func setSources(_ marks: TaskProgress.SourceMarks, _ input: Int) {
    _ = progress.setSources(marks, input)
  }

  private mutating func lateness(of time: Milliseconds, _ input: Int) -> Lateness {
    if time >= progress.watermark.time { return .onTime }
    let mark = progress.lossMark(for: input)
    return mark.isKnown && time < mark.time - definitions.correctionHorizon ? .tooLate : .late
  }

  private mutating func addTouch(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ bucket: UInt64
  ) {
    let kind = event.pointee.kind
    let time = event.pointee.time
    let placement = journeys.placements.intern(
      identity.placement, event.pointee.placementNames, bucket: bucket)
    ledger.prefetch(placement, time, &journeys)
    let sessionID = event.pointee.sessionID
    let session = sessionID.isEmpty ? nil : SessionHash(sessionID, key)
    lastAccepted.placement = placement
    lastAccepted.session = session
    let (touch, link) = journeys.makeTouch(
      event.pointee.eventID, kind, time: time, placement: placement, session: session,
      bucket: bucket)
    ledger.locate()
    let user = journeys.user(identity.user)
    let place = journeys.place(for: touch, of: user)
    for index in journeys.creditable.indices {
      open(journeys.creditable[index], to: kind, of: user)
    }
    journeys.insert(touch, link, at: place, of: user)
    let firsts = journeys.firsts(of: touch, at: place, of: user, bucket: bucket)
    ledger.count(kind, cost: event.pointee.amount, firsts)
  }

  /// Takes back what was booked for a conversion, before a touch that it may credit is put in its
  /// place. Its new shares are booked with the commit, once for all touches that came late.
  private mutating func open(
    _ conversion: ConversionPointer, to kind: EventKind, of user: Journeys.User
  ) {
    if !conversion.pointee.head.flags.contains(.isOpen) {
      journeys.collectEligible(for: conversion, of: user)
      ledger.add(conversion, sign: -1, &journeys)
      conversion.pointee.head.flags.insert(.isOpen)
      changed.append((conversion, user.hash))
    }
    if !journeys.mayBePassedOver(kind) { conversion.pointee.head.flags.insert(.isDirty) }
  }

  private mutating func addConversion(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ bucket: UInt64
  ) {
    lastAccepted.placement =
      event.pointee.values.isEmpty
      ? PlacementTable.unattributed
      : journeys.placements.intern(
        unattributed: identity.placement, event.pointee.values, bucket: bucket)
    let (conversion, link) = journeys.makeConversion(
      event.pointee.eventID, user: event.pointee.userID, time: event.pointee.time,
      value: event.pointee.amount,
      flags: matchFlags(event.pointee.userID).union([.isOpen, .isDirty]), revision: 0,
      placement: lastAccepted.placement, bucket: bucket)
    let user = journeys.user(identity.user)
    journeys.insert(conversion, link, of: user)
    changed.append((conversion, user.hash))
  }

  /// By the user's id alone, whatever its fields.
  private func matchFlags(_ user: BorrowedBytes) -> RecordHead.Flags {
    guard !unmatchedUsers.isEmpty, let unmatched = unmatchedUsers[key.hash(user)] else {
      return []
    }
    return unmatched.elementsEqual(user.buffer) ? .isUnmatched : []
  }

  private mutating func addCost(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ bucket: UInt64
  ) {
    let placement = journeys.placements.intern(
      identity.placement, event.pointee.placementNames, bucket: bucket)
    ledger.spend(event.pointee.amount, on: placement, at: event.pointee.time, &journeys)
  }

  // MARK: Effects of a commit

  /// Visits the change of every bucket since the last `endCommit`, in order of first change.
  /// Changes that cancelled out are left out.
  mutating func forEachDelta(
    _ body: (RollupDelta) throws -> Void
  ) rethrows {
    for index in changed.indices {
      prefetchChanged(from: index)
      if changed[index].conversion.pointee.head.flags.contains(.isOpen) { settle(changed[index]) }
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
      settle(changed[index])
      guard conversion.pointee.head.flags.contains(.isDirty) else { continue }
      conversion.pointee.head.flags.remove(.isDirty)
      conversion.pointee.revision += 1
      try ledger.describe(conversion, user: changed[index].user, &journeys, body)
    }
  }

  /// Finds the eligible touches of a changed conversion, and books its shares if they are not.
  private mutating func settle(_ change: (conversion: ConversionPointer, user: Hash128)) {
    let conversion = change.conversion
    let hasClick = journeys.collectEligible(
      for: conversion, of: journeys.user(change.user))
    guard conversion.pointee.head.flags.contains(.isOpen) else { return }
    conversion.pointee.head.flags.remove(.isOpen)
    // An impression that came late changes nothing where there is a click.
    if !hasClick { conversion.pointee.head.flags.insert(.isDirty) }
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
      change.conversion.pointee.head.flags.subtract([.isOpen, .isDirty])
    }
    changed.removeAll(keepingCapacity: true)
    ledger.removeAll()
    journeys.endCommit()
    progress.advanceKept()
    forget()
  }

  /// Forgets whatever no event that may still be accepted can reach.
  private mutating func forget() {
    let mark = progress.kept.moved(back: definitions.correctionHorizon)
    guard mark.isKnown else { return }
    identities.forget(before: buckets.firstLive(mark))
    journeys.forget(before: buckets.firstLive(mark.moved(back: journeyMargin)))
  }

  // MARK: Restore

  /// The event-time bucket under which an event's state is kept, and forgotten. What was accepted
  /// from behind everything that is kept goes with the oldest.
  @inline(__always)
  func stateBucket(of time: Milliseconds) -> UInt64 {
    max(buckets.bucket(of: time), journeys.firstLiveBucket)
  }

  /// Buckets before this one hold nothing any more.
  var firstLiveStateBucket: UInt64 { journeys.firstLiveBucket }

  /// Takes back an event accepted before a restart, without effects.
  ///
  /// - Parameters:
  ///   - placement: of a touch, or of a conversion with configured fields, from `restorePlacement`.
  ///   - session: of a touch that has one.
  ///   - revision: of a conversion.
  mutating func restore(
    _ event: borrowing Event, _ identity: EventIdentity, placement: UInt32, session: SessionHash?,
    revision: Int32
  ) {
    let bucket = stateBucket(of: event.time)
    // An id leaves the dedup before its touch leaves the journeys.
    if bucket >= identities.firstLiveBucket {
      _ = identities.insert(identity.event, event.kind, bucket: bucket)
    }
    guard event.kind != .cost else { return }
    let user = journeys.user(identity.user)
    if event.kind.isTouch {
      let (touch, link) = journeys.makeTouch(
        event.eventID, event.kind, time: event.time, placement: placement, session: session,
        bucket: bucket)
      let place = journeys.place(for: touch, of: user, isRestored: true)
      journeys.insert(touch, link, at: place, of: user)
      if place.isIndexed { journeys.countBusy(touch, user.hash, bucket) }
    } else {
      let (conversion, link) = journeys.makeConversion(
        event.eventID, user: event.userID, time: event.time, value: event.amount,
        flags: matchFlags(event.userID), revision: revision, placement: placement,
        bucket: bucket)
      journeys.insert(conversion, link, of: user)
    }
  }

  /// The number of the names that touches of a bucket have in common, or that a conversion has which no touch
  /// earned.
  ///
  /// - Parameter names: of a touch its campaign, channel and ad, then its configured fields; of a conversion those
  ///   fields alone.
  mutating func restorePlacement(
    of kind: EventKind, _ names: UnsafeBufferPointer<BorrowedBytes>, bucket: UInt64
  ) -> UInt32 {
    guard kind.isTouch else {
      let values = values(names[...], kind)
      return journeys.placements.intern(
        unattributed: key.hash(unattributed: values), values, bucket: bucket)
    }
    let values = values(names.dropFirst(Dimension.standardCount), kind)
    let placement = PlacementNames(
      campaign: names[Dimension.campaignSlot], channel: names[Dimension.channelSlot],
      ad: names[Dimension.adSlot], values: values)
    let hash = key.hash(placement: placement.campaign, placement.channel, placement.ad, values)
    return journeys.placements.intern(hash, placement, bucket: bucket)
  }

  private func values(
    _ names: Slice<UnsafeBufferPointer<BorrowedBytes>>, _ kind: EventKind
  ) -> ConfiguredValues {
    guard let start = names.base.baseAddress, !names.isEmpty else { return .none }
    return ConfiguredValues(
      start: start + names.startIndex, count: names.count,
      matching: definitions.fields(of: kind).matching)
  }

  /// Sets the published revision of a remembered conversion.
  mutating func restore(
    revision: Int32, ofConversion id: BorrowedBytes, userHash: Hash128, at time: Milliseconds
  ) {
    journeys.setRevision(revision, id: id, time: time, of: journeys.user(userHash))
  }

  /// Takes back the progress of before a restart. Call before restoring events.
  mutating func restore(
    watermark: Watermark, kept: Watermark, largest: [Watermark]
  ) {
    progress.restore(watermark: watermark, kept: kept, largest: largest)
    // As the commit that wrote it did, right afterwards.
    progress.advanceKept()
    forget()
  }

  // MARK: Sizes

  var busyUserCount: Int { journeys.busyUserCount }

  var size: StateSize {
    StateSize(
      identityCount: identities.count, identityBytes: identities.byteCount,
      recordCount: journeys.recordCount, userCount: journeys.userCount,
      placementCount: journeys.placements.count,
      journeyBytes: journeys.byteCount)
  }

  var byteCount: Int { identities.byteCount + journeys.byteCount }

  var memory: [StoreSize] {
    [
      StoreSize(name: "identities", entries: 0, bytes: identities.byteCount),
      StoreSize(
        name: "touches", entries: 0, bytes: journeys.byteCount - journeys.userBytes),
      StoreSize(name: "users", entries: 0, bytes: journeys.userBytes),
      StoreSize(name: "placements", entries: 0, bytes: journeys.placements.byteCount),
      StoreSize(name: "deltas", entries: 0, bytes: ledger.deltas.byteCount),
    ]
  }

  var stores: [StoreSize] {
    [
      StoreSize(
        name: "identities", entries: identities.count, bytes: identities.byteCount),
      StoreSize(name: "journeys", entries: journeys.recordCount, bytes: journeys.byteCount),
    ]
  }
}
