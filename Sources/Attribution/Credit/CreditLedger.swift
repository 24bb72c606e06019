/// The change of one rollup bucket, lent for one call.
public struct RollupDelta {
  /// Index of the view in the definitions.
  public var view: Int
  public var windowStart: Milliseconds
  /// Signed changes in the order of `SumsLayout`.
  public var sums: UnsafeBufferPointer<Int64>
  let campaignID: BorrowedBytes
  let channel: BorrowedBytes
  let adID: BorrowedBytes

  /// The bucket's value of one of its view's dimensions.
  public func value(of dimension: Dimension) -> BorrowedBytes {
    switch dimension {
    case .campaignID: campaignID
    case .channel: channel
    case .adID: adID
    }
  }
}

/// Books touches, credits and spend to the buckets of every view, as signed changes until the commit.
///
/// Sums beyond 64 bits wrap around instead of stopping the stream, so that taking back stays exact.
struct CreditLedger: ~Copyable {
  private let definitions: Definitions
  private(set) var deltas: DeltaTable
  private var shares = Shares()
  private var touches: [CreditedTouch] = []
  private var credits: [Int64] = []
  private var revenues: [Micros] = []

  init(definitions: Definitions) {
    self.definitions = definitions
    deltas = DeltaTable(layout: SumsLayout(modelCount: definitions.models.count))
  }

  // MARK: Booking

  /// Counts an accepted touch, its cost, and its user and session where they are new.
  mutating func count(
    _ touch: TouchPointer, cost: Micros, _ firsts: Journeys.Firsts, _ journeys: borrowing Journeys
  ) {
    let kind = touch.pointee.kind == .click ? SumsLayout.clicks : SumsLayout.impressions
    for view in definitions.views.indices {
      let row = row(touch.pointee.placement, view, touch.pointee.time, journeys)
      let bit: UInt64 = 1 << UInt64(view)
      row[kind] += 1
      row[SumsLayout.spend] &+= cost
      if firsts.users & bit != 0 { row[SumsLayout.users] += 1 }
      if firsts.sessions & bit != 0 { row[SumsLayout.sessions] += 1 }
    }
  }

  /// Books media cost that is not on a touch.
  mutating func spend(
    _ amount: Micros, on placement: UInt32, at time: Milliseconds, _ journeys: borrowing Journeys
  ) {
    for view in definitions.views.indices {
      row(placement, view, time, journeys)[SumsLayout.spend] &+= amount
    }
  }

  /// Books (`sign` 1) or takes back (−1) what a conversion is worth to its eligible touches.
  mutating func add(
    _ conversion: ConversionPointer, _ touches: [TouchPointer], sign: Int64,
    _ journeys: borrowing Journeys
  ) {
    let value = conversion.pointee.value
    let time = conversion.pointee.time
    for model in definitions.models.indices {
      guard !touches.isEmpty else {
        book(
          Shares.whole, value, model, PlacementTable.unattributed, time, time, sign, journeys)
        continue
      }
      split(conversion, touches, model, journeys)
      for index in touches.indices where shares.credits[index] != 0 {
        let touch = touches[index].pointee
        book(
          shares.credits[index], shares.revenues[index], model, touch.placement, time, touch.time,
          sign, journeys)
      }
    }
  }

  private mutating func split(
    _ conversion: ConversionPointer, _ touches: [TouchPointer], _ model: Int,
    _ journeys: borrowing Journeys
  ) {
    let time = conversion.pointee.time
    shares.compute(
      definitions.models[model], count: touches.count, value: conversion.pointee.value,
      halfLife: definitions.halfLife, age: { time - touches[$0].pointee.time },
      isDirect: { journeys.placements.isDirect(touches[$0].pointee.placement) })
  }

  private mutating func book(
    _ credit: Int64, _ revenue: Micros, _ model: Int, _ placement: UInt32,
    _ conversionTime: Milliseconds, _ touchTime: Milliseconds, _ sign: Int64,
    _ journeys: borrowing Journeys
  ) {
    for view in definitions.views.indices {
      let isByTouch = definitions.views[view].bucketConversionsBy == .touch
      let row = row(placement, view, isByTouch ? touchTime : conversionTime, journeys)
      row[deltas.layout.credit(model)] &+= sign &* credit
      row[deltas.layout.revenue(model)] &+= sign &* revenue
    }
  }

  private mutating func row(
    _ placement: UInt32, _ view: Int, _ time: Milliseconds, _ journeys: borrowing Journeys
  ) -> UnsafeMutablePointer<Int64> {
    deltas.row(
      journeys.placements.group(of: placement, view: view),
      definitions.views[view].windowStart(of: time))
  }

  // MARK: Effects

  func forEachDelta<Failure: Error>(
    _ journeys: borrowing Journeys, _ body: (RollupDelta) throws(Failure) -> Void
  ) throws(Failure) {
    for number in 0..<deltas.count {
      let sums = deltas.sums(number)
      guard sums.contains(where: { $0 != 0 }) else { continue }
      let bucket = deltas.buckets[number]
      let group = bucket.group
      try body(
        RollupDelta(
          view: journeys.placements.view(ofGroup: group), windowStart: bucket.windowStart,
          sums: sums, campaignID: journeys.placements.name(ofGroup: group, .campaignID),
          channel: journeys.placements.name(ofGroup: group, .channel),
          adID: journeys.placements.name(ofGroup: group, .adID)))
    }
  }

  /// Lends a conversion with its touches and every model's shares.
  mutating func describe<Failure: Error>(
    _ conversion: ConversionPointer, _ eligible: [TouchPointer], _ journeys: borrowing Journeys,
    _ body: (CreditedConversion) throws(Failure) -> Void
  ) throws(Failure) {
    touches.removeAll(keepingCapacity: true)
    credits.removeAll(keepingCapacity: true)
    revenues.removeAll(keepingCapacity: true)
    for touch in eligible {
      let placement = touch.pointee.placement
      touches.append(
        CreditedTouch(
          kind: touch.pointee.kind, time: touch.pointee.time, eventID: touch.id,
          campaignID: journeys.placements.name(placement, .campaignID),
          channel: journeys.placements.name(placement, .channel),
          adID: journeys.placements.name(placement, .adID)))
    }
    for model in definitions.models.indices where !eligible.isEmpty {
      split(conversion, eligible, model, journeys)
      for index in eligible.indices {
        credits.append(shares.credits[index])
        revenues.append(shares.revenues[index])
      }
    }
    var failure: Failure?
    touches.withUnsafeBufferPointer { touches in
      credits.withUnsafeBufferPointer { credits in
        revenues.withUnsafeBufferPointer { revenues in
          do throws(Failure) {
            try body(
              CreditedConversion(
                conversionID: conversion.id, userID: conversion.user,
                time: conversion.pointee.time, value: conversion.pointee.value,
                revision: Int64(conversion.pointee.revision), touches: touches, credits: credits,
                revenues: revenues))
          } catch { failure = error }
        }
      }
    }
    if let failure { throw failure }
  }

  mutating func removeAll() { deltas.removeAll() }
}
