/// State taken back from the changelog.
extension AttributionEngine {
  /// Other buckets hold nothing any more.
  var liveBuckets: LiveBuckets { journeys.live }

  /// Takes back an event accepted before a restart, without effects.
  ///
  /// The versions of an event may come in any order, as the buckets do in which they were put down: the highest
  /// counts.
  ///
  /// - Parameters:
  ///   - bucket: that of the id when the event was accepted.
  ///   - isReplacement: whether it replaced another version.
  ///   - tuple: of a touch or a cost, or of a conversion with configured fields, from `restoreTuple`.
  ///   - session: of a touch that has one.
  ///   - revision: of a conversion.
  mutating func restore(
    _ event: borrowing Event, _ identity: EventIdentity, bucket: StateBucket,
    isReplacement: Bool, tuple: UInt32, session: SessionHash?, revision: Int32
  ) {
    // Before impressions had buckets of their own they lay among the rest, and were kept as long.
    if event.kind == .impression, bucket.slice < journeys.live.firstOfImpressions { return }
    let idBucket = max(bucket.slice, journeys.live.first(of: event.kind))
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
    let bucket = slice(of: event.time, event.kind)
    let user = journeys.user(identity.user, of: event.kind)
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
    let user = journeys.user(identity.user, of: event.kind)
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
    of kind: EventKind, _ names: UnsafeBufferPointer<BorrowedBytes>, bucket: StateBucket
  ) -> UInt32 {
    let bucket = bucket.slice
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
    journeys.setRevision(revision, id: id, time: time, of: journeys.user(userHash, of: .conversion))
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
}
