import CIntrinsics

/// What a task holds, and how events change it: the inside of `AttributionTask`.
struct AttributionEngine: ~Copyable {
  let definitions: Definitions
  let key: IdentityKey
  private(set) var progress: InputProgress

  /// What the last accepted event is remembered as.
  private(set) var lastAccepted = AcceptedEvent(bucket: 0, tuple: 0)

  private var identities = IdentitySets()
  /// Of ids that are not at version 0, or were taken back.
  private var versions = VersionTable()
  private var costs = CostTable()
  private var journeys: JourneyStore
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
    progress = InputProgress(inputs: inputs, watermarkDelay: definitions.watermarkDelay)
    buckets = TimeBuckets(horizon: definitions.correctionHorizon)
    journeys = JourneyStore(definitions: definitions, key: key, longestWalk: longestWalk)
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
    if !event.pointee.isPlain { return applyVersion(event, identity) }
    let lateness = lateness(of: time, input)
    if lateness == .tooLate { return .tooLate }
    let bucket = stateBucket(of: time)
    guard identities.insert(identity.event, kind, bucket: bucket) else { return .duplicate }
    lastAccepted.bucket = bucket
    lastAccepted.replaces = nil
    switch kind {
    case .impression, .click: addTouch(event, identity, bucket)
    case .conversion: addConversion(event, identity, bucket, revision: 0)
    case .cost: addCost(event, identity, bucket, idBucket: bucket)
    }
    _ = progress.accept(input, at: time)
    return lateness == .late ? .acceptedLate : .accepted
  }

  // MARK: Versions

  /// The version of an event that counts when another of it comes.
  private struct Former {
    var version: Int32
    var time: Milliseconds
    /// Whether it belongs to the same campaign, where it is a cost.
    var isOfSameKey = true
    /// Of a touch or a conversion.
    var record: RecordPointer?
  }

  /// As `apply`, for an event that says which version it is, that it takes its id back, or what its time was
  /// before.
  ///
  /// All that an id has changed is taken back and counted anew, in one call: nothing of it is too late, or all.
  /// An id belongs to the user (of a cost: the campaign) of its first event. Under another it is a duplicate.
  @inline(never)
  private mutating func applyVersion(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity
  ) -> Outcome {
    let kind = event.pointee.kind
    let input = Int(event.pointee.input)
    var lateness = lateness(of: event.pointee.earliestTime, input)
    if lateness == .tooLate { return .tooLate }
    var idBucket = stateBucket(of: event.pointee.latestTime)
    var replaces: Int32?
    var revision: Int32 = 0
    if let knownBucket = identities.bucket(of: identity.event, kind) {
      guard event.pointee.version > 0,
        let former = former(of: event, identity, in: knownBucket),
        event.pointee.version > former.version, former.isOfSameKey
      else { return .duplicate }
      lateness = self.lateness(of: min(event.pointee.earliestTime, former.time), input)
      if lateness == .tooLate { return .tooLate }
      revision = takeBack(former, of: event, identity)
      idBucket = identities.extend(identity.event, kind, to: idBucket)
      replaces = former.version
    } else {
      _ = identities.insert(identity.event, kind, bucket: idBucket)
    }
    add(version: event, identity, idBucket: idBucket, revision: revision)
    lastAccepted.bucket = idBucket
    lastAccepted.replaces = replaces
    lastAccepted.revision = revision + 1
    _ = progress.accept(input, at: event.pointee.time)
    if replaces != nil { return lateness == .late ? .replacedLate : .replaced }
    return lateness == .late ? .acceptedLate : .accepted
  }

  /// What counts of an id that is known; nil if it is another user's.
  private mutating func former(
    of event: UnsafePointer<Event>, _ identity: EventIdentity, in bucket: UInt64
  ) -> Former? {
    let kind = event.pointee.kind
    if kind == .cost {
      guard let cost = costs[identity.event] else { return nil }
      return Former(
        version: cost.version, time: cost.time,
        isOfSameKey: journeys.tuples.name(cost.tuple, slot: Dimension.campaignSlot).equals(
          event.pointee.campaignID))
    }
    let user = journeys.user(identity.user)
    let known = versions[identity.event, kind].flatMap { $0.bucket == bucket ? $0 : nil }
    if let known {
      guard known.user == user.hash else { return nil }
      if known.isDeleted && kind.isTouch {
        return Former(version: known.version, time: known.time)
      }
    }
    let time = event.pointee.time
    let record = journeys.find(
      event.pointee.eventID, kind,
      near: (known?.time ?? time, event.pointee.originalTime ?? time), of: user)
    guard let record else {
      // Its bucket is gone, and its time with it: too late.
      return known.map { Former(version: $0.version, time: $0.time) }
    }
    return Former(version: known?.version ?? 0, time: record.pointee.time, record: record)
  }

  /// Takes back whatever a version has counted.
  ///
  /// - Returns: of a conversion, how often it was published.
  private mutating func takeBack(
    _ former: Former, of event: UnsafePointer<Event>, _ identity: EventIdentity
  ) -> Int32 {
    if event.pointee.kind == .cost {
      if let cost = costs[identity.event], !cost.isDeleted {
        ledger.spend(-cost.amount, on: cost.tuple, at: cost.time, &journeys)
      }
      return 0
    }
    guard let record = former.record else { return 0 }
    let user = journeys.user(identity.user)
    if let touch = record.touch {
      takeBack(touch, of: user)
      return 0
    }
    return takeBack(record.conversion!, of: user)
  }

  private mutating func takeBack(_ touch: TouchPointer, of user: JourneyStore.User) {
    let kind = touch.pointee.kind
    ledger.prefetch(touch.pointee.tuple, touch.pointee.time, &journeys)
    ledger.locate()
    journeys.place(for: touch, of: user, isThere: true)
    for index in journeys.creditable.indices {
      open(journeys.creditable[index], to: kind, of: user)
    }
    let lasts = journeys.remove(touch, of: user)
    ledger.takeBack(kind, cost: touch.amount, lasts)
  }

  /// - Returns: how often it was published.
  private mutating func takeBack(
    _ conversion: ConversionPointer, of user: JourneyStore.User
  ) -> Int32 {
    if !conversion.pointee.head.flags.contains(.needsBooking) {
      journeys.collectEligible(for: conversion, of: user)
      ledger.add(conversion, sign: -1, &journeys)
    }
    // If it is among the changed ones: nothing is booked for it, and nothing published.
    conversion.pointee.head.flags.subtract([.needsBooking, .needsPublishing])
    journeys.remove(conversion, of: user)
    return conversion.pointee.revision
  }

  /// Counts the version that counts from now on, if it counts for anything.
  private mutating func add(
    version event: UnsafePointer<Event>, _ identity: EventIdentity, idBucket: UInt64,
    revision: Int32
  ) {
    let kind = event.pointee.kind
    // Records lie in the bucket of their own time, however long their id is remembered.
    let bucket = stateBucket(of: event.pointee.time)
    switch kind {
    case .impression, .click:
      lastAccepted.tuple = 0
      lastAccepted.session = nil
      if !event.pointee.isDeleted { addTouch(event, identity, bucket) }
    case .conversion: addConversion(event, identity, bucket, revision: revision)
    case .cost: addCost(event, identity, bucket, idBucket: idBucket)
    }
    if kind != .cost { note(event, identity, idBucket: idBucket) }
  }

  /// Notes which version of a touch or a conversion counts, where that is not the usual one.
  private mutating func note(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, idBucket: UInt64
  ) {
    guard event.pointee.version > 0 || event.pointee.isDeleted else { return }
    versions[identity.event, event.pointee.kind] = VersionTable.Entry(
      version: event.pointee.version, isDeleted: event.pointee.isDeleted,
      time: event.pointee.time, user: UserTable.significant(identity.user), bucket: idBucket)
  }

  /// Has the memory fetched in which `apply` will look the event's ids up.
  mutating func prefetch(_ identity: EventIdentity, _ kind: EventKind) {
    identities.prefetch(identity.event, kind)
    if kind != .cost { journeys.prefetchUser(identity.user) }
    if kind != .conversion { journeys.tuples.prefetch(identity.tuple) }
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
  mutating func setSources(_ marks: InputProgress.SourceMarks, _ input: Int) {
    _ = progress.setSources(marks, input)
  }

  private mutating func lateness(of time: Milliseconds, _ input: Int) -> Lateness {
    if time >= progress.watermark.time { return .onTime }
    let mark = progress.lateCutoff(for: input)
    return mark.isKnown && time < mark.time - definitions.correctionHorizon ? .tooLate : .late
  }

  private mutating func addTouch(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ bucket: UInt64
  ) {
    let kind = event.pointee.kind
    let time = event.pointee.time
    let tuple = journeys.tuples.intern(
      identity.tuple, event.pointee.dimensionNames, bucket: bucket)
    ledger.prefetch(tuple, time, &journeys)
    let sessionID = event.pointee.sessionID
    let session = sessionID.isEmpty ? nil : SessionHash(sessionID, key)
    lastAccepted.tuple = tuple
    lastAccepted.session = session
    let (touch, link) = journeys.makeTouch(
      event.pointee.eventID, kind, time: time, tuple: tuple, session: session,
      amount: event.pointee.amount, bucket: bucket)
    ledger.locate()
    let user = journeys.user(identity.user)
    let place = journeys.place(for: touch, of: user)
    for index in journeys.creditable.indices {
      open(journeys.creditable[index], to: kind, of: user)
    }
    journeys.insert(touch, link, at: place, of: user)
    let newDistincts = journeys.newDistincts(of: touch, at: place, of: user, bucket: bucket)
    ledger.count(kind, cost: event.pointee.amount, newDistincts)
  }

  /// Takes back what was booked for a conversion, before a touch that it may credit is put in its
  /// place. Its new shares are booked with the commit, once for all touches that came late.
  private mutating func open(
    _ conversion: ConversionPointer, to kind: EventKind, of user: JourneyStore.User
  ) {
    if !conversion.pointee.head.flags.contains(.needsBooking) {
      journeys.collectEligible(for: conversion, of: user)
      ledger.add(conversion, sign: -1, &journeys)
      conversion.pointee.head.flags.insert(.needsBooking)
      changed.append((conversion, user.hash))
    }
    if !journeys.mayBePassedOver(kind) { conversion.pointee.head.flags.insert(.needsPublishing) }
  }

  /// - Parameter revision: how often it was published before.
  private mutating func addConversion(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ bucket: UInt64, revision: Int32
  ) {
    let isDeleted = event.pointee.isDeleted
    lastAccepted.tuple =
      event.pointee.values.isEmpty
      ? DimensionTupleTable.unattributed
      : journeys.tuples.intern(
        unattributed: identity.tuple, event.pointee.values, bucket: bucket)
    let (conversion, link) = journeys.makeConversion(
      event.pointee.eventID, user: event.pointee.userID, time: event.pointee.time,
      value: isDeleted ? 0 : event.pointee.amount,
      flags: matchFlags(event.pointee.userID, isDeleted).union([.needsBooking, .needsPublishing]),
      revision: revision, tuple: lastAccepted.tuple, isDeleted: isDeleted, bucket: bucket)
    let user = journeys.user(identity.user)
    journeys.insert(conversion, link, of: user)
    changed.append((conversion, user.hash))
  }

  /// By the user's id alone, whatever its fields.
  ///
  /// - Parameter isDeleted: no touch earns what is worth nothing.
  private func matchFlags(_ user: BorrowedBytes, _ isDeleted: Bool) -> RecordHead.Flags {
    if isDeleted { return .isUnmatched }
    guard !unmatchedUsers.isEmpty, let unmatched = unmatchedUsers[key.hash(user)] else {
      return []
    }
    return unmatched.elementsEqual(user.buffer) ? .isUnmatched : []
  }

  private mutating func addCost(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, _ bucket: UInt64, idBucket: UInt64
  ) {
    // Its names are needed as long as its id is known.
    let tuple = journeys.tuples.intern(
      identity.tuple, event.pointee.dimensionNames, bucket: max(bucket, idBucket))
    lastAccepted.tuple = tuple
    lastAccepted.session = nil
    let isDeleted = event.pointee.isDeleted
    costs[identity.event] = CostTable.Entry(
      time: event.pointee.time, amount: event.pointee.amount, tuple: tuple,
      version: event.pointee.version, isDeleted: isDeleted, bucket: idBucket)
    if !isDeleted {
      ledger.spend(event.pointee.amount, on: tuple, at: event.pointee.time, &journeys)
    }
  }

  // MARK: Effects of a commit

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
      for: conversion, of: journeys.user(change.user))
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
  private mutating func forget() {
    let mark = progress.retentionMark.moved(back: definitions.correctionHorizon)
    guard mark.isKnown else { return }
    let (formerID, formerRecord) = (identities.firstLiveBucket, journeys.firstLiveBucket)
    identities.forget(before: buckets.firstLive(mark))
    journeys.forget(before: buckets.firstLive(mark.moved(back: journeyMargin)))
    if identities.firstLiveBucket != formerID { costs.forget(before: identities.firstLiveBucket) }
    if journeys.firstLiveBucket != formerRecord {
      versions.forget(before: journeys.firstLiveBucket)
    }
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
  /// The versions of an event may come in any order, as the buckets do in which they were put down: the highest
  /// counts.
  ///
  /// - Parameters:
  ///   - idBucket: that of the id when the event was accepted.
  ///   - isReplacement: whether it replaced another version.
  ///   - tuple: of a touch or a cost, or of a conversion with configured fields, from `restoreTuple`.
  ///   - session: of a touch that has one.
  ///   - revision: of a conversion.
  mutating func restore(
    _ event: borrowing Event, _ identity: EventIdentity, bucket idBucket: UInt64,
    isReplacement: Bool, tuple: UInt32, session: SessionHash?, revision: Int32
  ) {
    let idBucket = max(idBucket, journeys.firstLiveBucket)
    // An id leaves the dedup before its touch leaves the journeys.
    if idBucket >= identities.firstLiveBucket,
      !identities.insert(identity.event, event.kind, bucket: idBucket)
    {
      _ = identities.extend(identity.event, event.kind, to: idBucket)
    }
    if event.kind == .cost {
      return restoreCost(event, identity, tuple: tuple, idBucket: idBucket)
    }
    if isReplacement || !versions.isEmpty {
      guard
        makeWay(for: event, identity, idBucket: idBucket, isReplacement: isReplacement)
      else { return }
    }
    let isVersion = event.version > 0 ? true : event.isDeleted
    if isVersion {
      withUnsafePointer(to: event) { note($0, identity, idBucket: idBucket) }
      if event.isDeleted, event.kind.isTouch { return }
    }
    let bucket = stateBucket(of: event.time)
    let user = journeys.user(identity.user)
    if event.kind.isTouch {
      let (touch, link) = journeys.makeTouch(
        event.eventID, event.kind, time: event.time, tuple: tuple, session: session,
        amount: event.amount, bucket: bucket)
      let place = journeys.place(for: touch, of: user, isRestored: true)
      journeys.insert(touch, link, at: place, of: user)
      if place.isIndexed { journeys.countBusy(touch, user.hash, bucket) }
    } else {
      let (conversion, link) = journeys.makeConversion(
        event.eventID, user: event.userID, time: event.time, value: event.amount,
        flags: matchFlags(event.userID, event.isDeleted), revision: revision,
        tuple: tuple, isDeleted: event.isDeleted, bucket: bucket)
      journeys.insert(conversion, link, of: user)
    }
  }

  /// Removes the version that a restored one replaces.
  ///
  /// - Returns: false if a higher one is there.
  private mutating func makeWay(
    for event: borrowing Event, _ identity: EventIdentity, idBucket: UInt64, isReplacement: Bool
  ) -> Bool {
    // In a later bucket it is another event, whose id had been forgotten.
    if let known = versions[identity.event, event.kind], event.version <= known.version,
      idBucket <= known.bucket
    {
      return false
    }
    guard isReplacement else { return true }
    let user = journeys.user(identity.user)
    guard
      let former = journeys.find(
        event.eventID, event.kind, near: (event.time, event.time), of: user)
    else { return true }
    if let touch = former.touch {
      _ = journeys.remove(touch, of: user)
    } else {
      journeys.remove(former.conversion!, of: user)
    }
    return true
  }

  private mutating func restoreCost(
    _ event: borrowing Event, _ identity: EventIdentity, tuple: UInt32, idBucket: UInt64
  ) {
    guard idBucket >= identities.firstLiveBucket else { return }
    if let known = costs[identity.event], known.version > event.version { return }
    costs[identity.event] = CostTable.Entry(
      time: event.time, amount: event.amount, tuple: tuple, version: event.version,
      isDeleted: event.isDeleted, bucket: idBucket)
  }

  /// The number of the names that touches or costs of a bucket have in common, or that a conversion has which no
  /// touch earned.
  ///
  /// - Parameter names: of a touch or a cost its campaign, channel and ad, then its configured fields; of a
  ///   conversion those fields alone.
  mutating func restoreTuple(
    of kind: EventKind, _ names: UnsafeBufferPointer<BorrowedBytes>, bucket: UInt64
  ) -> UInt32 {
    guard kind != .conversion else {
      let values = values(names[...], kind)
      return journeys.tuples.intern(
        unattributed: key.hash(unattributed: values), values, bucket: bucket)
    }
    let values = values(names.dropFirst(Dimension.standardCount), kind)
    let tuple = DimensionNames(
      campaign: names[Dimension.campaignSlot], channel: names[Dimension.channelSlot],
      ad: names[Dimension.adSlot], values: values)
    let hash = key.hash(tuple: tuple.campaign, tuple.channel, tuple.ad, values)
    return journeys.tuples.intern(hash, tuple, bucket: bucket)
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
    watermark: Watermark, retentionMark: Watermark, largest: [Watermark]
  ) {
    progress.restore(watermark: watermark, retentionMark: retentionMark, largest: largest)
    // As the commit that wrote it did, right afterwards.
    progress.advanceRetentionMark()
    forget()
  }

  // MARK: Sizes

  var busyUserCount: Int { journeys.busyUserCount }

  var size: StateSize {
    StateSize(
      identityCount: identities.count, identityBytes: identities.byteCount,
      recordCount: journeys.recordCount, userCount: journeys.userCount,
      tupleCount: journeys.tuples.count,
      journeyBytes: journeys.byteCount)
  }

  var byteCount: Int {
    identities.byteCount + journeys.byteCount + versions.byteCount + costs.byteCount
  }

  var memory: [StoreSize] {
    [
      StoreSize(name: "identities", entries: 0, bytes: identities.byteCount),
      StoreSize(name: "versions", entries: 0, bytes: versions.byteCount),
      StoreSize(name: "costs", entries: 0, bytes: costs.byteCount),
      StoreSize(
        name: "touches", entries: 0, bytes: journeys.byteCount - journeys.userBytes),
      StoreSize(name: "users", entries: 0, bytes: journeys.userBytes),
      StoreSize(name: "placements", entries: 0, bytes: journeys.tuples.byteCount),
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
