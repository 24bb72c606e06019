/// Events that replace, take back or move an earlier version of themselves.
extension AttributionEngine {
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
  mutating func applyVersion(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity
  ) -> Outcome {
    let kind = event.pointee.kind
    let input = Int(event.pointee.input)
    var lateness = lateness(of: event.pointee.earliestTime, input)
    if lateness == .tooLate { return .tooLate }
    var idBucket = slice(of: event.pointee.latestTime, kind)
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
    lastAccepted.bucket = journeys.retention.bucket(idBucket, of: kind)
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
    let user = journeys.user(identity.user, of: kind)
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
    let user = journeys.user(identity.user, of: event.pointee.kind)
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
    let bucket = slice(of: event.pointee.time, kind)
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
  mutating func note(
    _ event: UnsafePointer<Event>, _ identity: EventIdentity, idBucket: UInt64
  ) {
    guard event.pointee.version > 0 || event.pointee.isDeleted else { return }
    versions[identity.event, event.pointee.kind] = VersionTable.Entry(
      version: event.pointee.version, isDeleted: event.pointee.isDeleted,
      time: event.pointee.time, user: UserTable.significant(identity.user), bucket: idBucket)
  }
}
