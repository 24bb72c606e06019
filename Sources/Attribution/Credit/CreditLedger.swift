// Safety: `sought` and `located` are allocated and freed here, and indexed by view; `prefetch` writes the
// one before `locate` reads it, and `locate` the other before `count` does.

/// Books touches, credits and spend to the buckets of every view, as signed changes until the commit.
///
/// A sum beyond 64 bits leaves in several deltas, each of which fits.
struct CreditLedger: ~Copyable {
  private let definitions: Definitions
  private let clock: WindowClock
  /// Whether a view counts conversions in the bucket of the credited touch.
  private let isByTouch: [Bool]
  private(set) var deltas: DeltaTable
  /// The buckets of the touch that is being counted, and their rows, by view.
  private let sought: UnsafeMutablePointer<DeltaTable.Search>
  private let located: UnsafeMutablePointer<Int>
  private var shares = Shares()
  private var touches: [CreditedTouch] = []
  private var credits: [Int64] = []
  private var revenues: [Micros] = []
  private var ids = UnpackedIDs()
  /// By eligible touch: what it earned of the conversion stands for; nil while nobody has asked.
  private var earned: [UInt32?] = []
  private let buckets: TimeBuckets

  init(definitions: Definitions, key: IdentityKey) {
    self.definitions = definitions
    clock = WindowClock(definitions.views)
    buckets = TimeBuckets(horizon: definitions.correctionHorizon)
    isByTouch = definitions.views.map { $0.bucketConversionsBy == .touch }
    deltas = DeltaTable(layout: SumsLayout(modelCount: definitions.models.count), key: key)
    sought = .allocate(capacity: max(1, definitions.views.count))
    located = .allocate(capacity: max(1, definitions.views.count))
  }

  deinit {
    sought.deallocate()
    located.deallocate()
  }

  // MARK: Booking

  /// Has the memory fetched in which `locate` will look for a touch's buckets.
  mutating func prefetch(
    _ tuple: UInt32, _ time: Milliseconds, _ journeys: inout JourneyStore
  ) {
    for view in 0..<clock.viewCount {
      let group = journeys.tuples.group(of: tuple, view: view)
      sought[view] = deltas.search(for: group, clock.start(view, time))
    }
  }

  /// Finds the buckets of the last `prefetch` and has them fetched, some time before `count`.
  mutating func locate() {
    for view in 0..<clock.viewCount {
      located[view] = deltas.number(sought[view])
      deltas.prefetch(row: located[view])
    }
  }

  /// Counts an accepted touch, its cost, and its user and session where they are new, in the buckets of
  /// the last `locate`.
  mutating func count(_ kind: EventKind, cost: Micros, _ newDistincts: JourneyStore.NewDistincts) {
    let column = kind == .click ? SumsLayout.clicks : SumsLayout.impressions
    for view in 0..<clock.viewCount {
      let row = deltas.row(at: located[view])
      let shift = UInt64(truncatingIfNeeded: view)
      row[column] &+= 1
      row[SumsLayout.users] &+= Int64(truncatingIfNeeded: newDistincts.users >> shift & 1)
      row[SumsLayout.sessions] &+= Int64(truncatingIfNeeded: newDistincts.sessions >> shift & 1)
      deltas.add(cost, to: SumsLayout.spend, ofRow: located[view])
    }
  }

  /// Takes back a touch that was counted, in the buckets of the last `locate`.
  ///
  /// - Parameter lasts: where it was the last of its user, and of its session.
  mutating func takeBack(_ kind: EventKind, cost: Micros, _ lasts: JourneyStore.NewDistincts) {
    let column = kind == .click ? SumsLayout.clicks : SumsLayout.impressions
    for view in 0..<clock.viewCount {
      let row = deltas.row(at: located[view])
      let shift = UInt64(truncatingIfNeeded: view)
      row[column] &-= 1
      row[SumsLayout.users] &-= Int64(truncatingIfNeeded: lasts.users >> shift & 1)
      row[SumsLayout.sessions] &-= Int64(truncatingIfNeeded: lasts.sessions >> shift & 1)
      deltas.add(-cost, to: SumsLayout.spend, ofRow: located[view])
      deltas.keep(row: located[view])
    }
  }

  /// Books media cost that is not on a touch; a negative amount takes it back.
  mutating func spend(
    _ amount: Micros, on tuple: UInt32, at time: Milliseconds, _ journeys: inout JourneyStore
  ) {
    for view in 0..<clock.viewCount {
      let row = row(tuple, view, time, &journeys)
      deltas.add(amount, to: SumsLayout.spend, ofRow: row)
      // A cost of nothing counts as well, and what is taken back has counted.
      if amount <= 0 { deltas.keep(row: row) }
    }
  }

  /// Books (`sign` 1) or takes back (−1) what a conversion is worth to `journeys.eligible`.
  mutating func add(
    _ conversion: ConversionPointer, sign: Int64, _ journeys: inout JourneyStore
  ) {
    if conversion.pointee.isDeleted { return }
    let value = conversion.pointee.value
    let time = conversion.pointee.time
    let count = journeys.eligible.count
    for model in 0..<deltas.layout.modelCount {
      guard count > 0 else {
        book(
          Shares.whole, value, model, conversion.pointee.tuple, time, time, sign, &journeys)
        continue
      }
      split(conversion, model, &journeys)
      for index in 0..<count where shares.credits[index] != 0 {
        book(
          shares.credits[index], shares.revenues[index], model,
          tuple(ofTouchAt: index, for: conversion, &journeys), time,
          journeys.eligible[index].pointee.time, sign, &journeys)
      }
    }
    if !earned.isEmpty { earned.removeAll(keepingCapacity: true) }
  }

  /// What an eligible touch earns of a conversion stands for: the touch, and what only the conversion has.
  @inline(__always)
  private mutating func tuple(
    ofTouchAt index: Int, for conversion: ConversionPointer, _ journeys: inout JourneyStore
  ) -> UInt32 {
    let touch = journeys.eligible[index].pointee.tuple
    let own = conversion.pointee.tuple
    return own == DimensionTupleTable.unattributed
      ? touch : credited(touch, index, own, at: conversion.pointee.time, &journeys)
  }

  @inline(never)
  private mutating func credited(
    _ touch: UInt32, _ index: Int, _ conversion: UInt32, at time: Milliseconds,
    _ journeys: inout JourneyStore
  ) -> UInt32 {
    while earned.count <= index { earned.append(nil) }
    if let known = earned[index] { return known }
    let bucket = max(buckets.bucket(of: time), journeys.live.firstOfAny)
    let tuple = journeys.tuples.credited(touch, of: conversion, bucket: bucket)
    earned[index] = tuple
    return tuple
  }

  private mutating func split(
    _ conversion: ConversionPointer, _ model: Int, _ journeys: inout JourneyStore
  ) {
    let time = conversion.pointee.time
    let touches = journeys.eligible
    shares.compute(
      definitions.models[model], count: touches.count, value: conversion.pointee.value,
      halfLife: definitions.halfLife, age: { time - touches[$0].pointee.time },
      isDirect: { journeys.tuples.isDirect(touches[$0].pointee.tuple) })
  }

  private mutating func book(
    _ credit: Int64, _ revenue: Micros, _ model: Int, _ tuple: UInt32,
    _ conversionTime: Milliseconds, _ touchTime: Milliseconds, _ sign: Int64,
    _ journeys: inout JourneyStore
  ) {
    for view in 0..<clock.viewCount {
      let row = row(tuple, view, isByTouch[view] ? touchTime : conversionTime, &journeys)
      deltas.row(at: row)[deltas.layout.credit(model)] &+= sign &* credit
      deltas.add(sign &* revenue, to: deltas.layout.revenue(model), ofRow: row)
    }
  }

  @inline(__always)
  private mutating func row(
    _ tuple: UInt32, _ view: Int, _ time: Milliseconds, _ journeys: inout JourneyStore
  ) -> Int {
    deltas.number(journeys.tuples.group(of: tuple, view: view), clock.start(view, time))
  }

  // MARK: Effects

  func forEachDelta(
    _ journeys: inout JourneyStore, _ body: (RollupDelta) throws -> Void
  ) rethrows {
    for number in 0..<deltas.count {
      let sums = deltas.sums(number)
      guard sums.contains(where: { $0 != 0 }) || deltas.isKept(row: number) else { continue }
      try body(delta(number, sums, &journeys))
    }
    guard !deltas.spills.isEmpty else { return }
    var rest = [Int64](repeating: 0, count: deltas.layout.width)
    for spill in deltas.spills {
      rest[spill.column] = spill.value
      try rest.withUnsafeBufferPointer { try body(delta(spill.row, $0, &journeys)) }
      rest[spill.column] = 0
    }
  }

  private func delta(
    _ number: Int, _ sums: UnsafeBufferPointer<Int64>, _ journeys: inout JourneyStore
  ) -> RollupDelta {
    let bucket = deltas.buckets[number]
    return RollupDelta(
      view: journeys.tuples.view(ofGroup: bucket.group), windowStart: bucket.windowStart,
      sums: sums, names: journeys.tuples.names(ofGroup: bucket.group))
  }

  /// Lends a conversion with `journeys.eligible` and every model's shares.
  mutating func describe(
    _ conversion: ConversionPointer, user: Hash128, _ journeys: inout JourneyStore,
    _ body: (CreditedConversion) throws -> Void
  ) rethrows {
    credits.removeAll(keepingCapacity: true)
    revenues.removeAll(keepingCapacity: true)
    let count = journeys.eligible.count
    for model in definitions.models.indices where count > 0 {
      split(conversion, model, &journeys)
      for index in 0..<count {
        credits.append(shares.credits[index])
        revenues.append(shares.revenues[index])
      }
    }
    listTouches(&journeys)
    try touches.withUnsafeBufferPointer { touches in
      try credits.withUnsafeBufferPointer { credits in
        try revenues.withUnsafeBufferPointer { revenues in
          try body(
            CreditedConversion(
              conversionID: conversion.id, userID: conversion.user, user: user,
              time: conversion.pointee.time, value: conversion.pointee.value,
              revision: Int64(conversion.pointee.revision), touches: touches, credits: credits,
              revenues: revenues, isTruncated: journeys.isTruncated,
              isDeleted: conversion.pointee.isDeleted))
        }
      }
    }
  }

  private mutating func listTouches(_ journeys: inout JourneyStore) {
    touches.removeAll(keepingCapacity: true)
    ids.reserve(journeys.eligible.count)
    for index in journeys.eligible.indices {
      let touch = journeys.eligible[index]
      let tuple = touch.pointee.tuple
      touches.append(
        CreditedTouch(
          kind: touch.pointee.kind, time: touch.pointee.time,
          eventID: ids.unpacked(touch.id, at: index),
          campaignID: journeys.tuples.name(tuple, slot: Dimension.campaignSlot),
          channel: journeys.tuples.name(tuple, slot: Dimension.channelSlot),
          adID: journeys.tuples.name(tuple, slot: Dimension.adSlot)))
    }
  }

  mutating func removeAll() { deltas.removeAll() }
}
