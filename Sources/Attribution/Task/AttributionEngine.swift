import CIntrinsics

/// What a task holds, and how events change it: the inside of `AttributionTask`.
struct AttributionEngine: ~Copyable {
  let definitions: Definitions
  let key: IdentityKey
  var progress: InputProgress

  /// What the last accepted event is remembered as.
  var lastAccepted = AcceptedEvent(bucket: StateBucket(number: 0), tuple: 0)

  var identities = IdentitySets()
  /// Of ids that are not at version 0, or were taken back.
  var versions = VersionTable()
  var costs = CostTable()
  var journeys: JourneyStore
  var ledger: CreditLedger
  let buckets: TimeBuckets
  /// Conversions accepted or corrected since the last commit.
  var changed: [(conversion: ConversionPointer, user: Hash128)] = []
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
    let bucket = slice(of: time, kind)
    guard identities.insert(identity.event, kind, bucket: bucket) else { return .duplicate }
    lastAccepted.bucket = journeys.retention.bucket(bucket, of: kind)
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

  mutating func lateness(of time: Milliseconds, _ input: Int) -> Lateness {
    if time >= progress.watermark.time { return .onTime }
    let mark = progress.lateCutoff(for: input)
    return mark.isKnown && time < mark.time - definitions.correctionHorizon ? .tooLate : .late
  }

  mutating func addTouch(
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
    let user = journeys.user(identity.user, of: kind)
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
  mutating func open(
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
  mutating func addConversion(
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
    let user = journeys.user(identity.user, of: .conversion)
    journeys.insert(conversion, link, of: user)
    changed.append((conversion, user.hash))
  }

  /// By the user's id alone, whatever its fields.
  ///
  /// - Parameter isDeleted: no touch earns what is worth nothing.
  func matchFlags(_ user: BorrowedBytes, _ isDeleted: Bool) -> RecordHead.Flags {
    if isDeleted { return .isUnmatched }
    guard !unmatchedUsers.isEmpty, let unmatched = unmatchedUsers[key.hash(user)] else {
      return []
    }
    return unmatched.elementsEqual(user.buffer) ? .isUnmatched : []
  }

  mutating func addCost(
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

  // MARK: Restore

  /// The slice of event time with which an event's state is kept, and forgotten. What was accepted
  /// from behind everything that is kept goes with the oldest.
  @inline(__always)
  func slice(of time: Milliseconds, _ kind: EventKind) -> UInt64 {
    max(buckets.bucket(of: time), journeys.live.first(of: kind))
  }

  /// The same, as the changelog names it.
  func stateBucket(of time: Milliseconds, _ kind: EventKind) -> StateBucket {
    journeys.retention.bucket(slice(of: time, kind), of: kind)
  }
}
