import Attribution

extension Oracle {
  /// Every bucket with anything in it, of every view.
  public func rollups() -> [RollupKey: RollupSums] {
    rollupsWithSlack().mapValues(\.sums).filter { !$0.value.isZero }
  }

  /// What a bucket should hold, and how far published time-decay shares may be from it.
  struct ExpectedRollup {
    var sums: RollupSums
    var slack = TimeDecaySlack()
    /// Whether an event of its own counts in it, so that it must be there, be its sums zero.
    var isRequired = false
  }

  func rollupsWithSlack() -> [RollupKey: ExpectedRollup] {
    var tables = definitions.views.map {
      BucketTable(view: $0, definitions, emptyName: emptyName)
    }
    for index in tables.indices {
      for touch in touches {
        tables[index].add(touch: touch, isInSession: touch.session != emptyName)
      }
      for cost in costs { tables[index].add(cost: cost) }
    }
    // "(unattributed)" is no event's name; a number beyond all names stands for it.
    let unattributed = UInt32.max
    forEachJourney { journey in
      for index in tables.indices { tables[index].add(journey, unattributed: unattributed) }
    }

    var rollups: [RollupKey: ExpectedRollup] = [:]
    for table in tables {
      for (bucket, tally) in table.tallies {
        let key = RollupKey(
          view: table.view.name,
          dimensions: zip(table.view.dimensions, bucket.dimensions).map { dimension, name in
            name == unattributed ? unattributedName : published(names[name], of: dimension)
          },
          windowStart: bucket.windowStart)
        let rollup = ExpectedRollup(
          sums: tally.sums, slack: tally.slack, isRequired: tally.isRequired)
        guard !rollup.sums.isZero || !rollup.slack.isZero || rollup.isRequired else { continue }
        // Names that differ in bytes may still make equal keys.
        rollups[
          key, default: ExpectedRollup(sums: RollupSums(modelCount: definitions.models.count))
        ]
        .merge(rollup)
      }
    }
    return rollups
  }

  /// A value as rollups spell it: what is really called `(unattributed)` is not taken for what no touch earned.
  private func published(_ name: String, of dimension: Dimension) -> String {
    guard definitions.isOfTouches(dimension), name.hasSuffix(unattributedName) else { return name }
    let isReserved = name.dropLast(unattributedName.count).allSatisfy { $0 == "\\" }
    return isReserved ? "\\" + name : name
  }
}

extension Oracle.ExpectedRollup {
  fileprivate mutating func merge(_ other: Self) {
    sums.impressions += other.sums.impressions
    sums.clicks += other.sums.clicks
    sums.users += other.sums.users
    sums.sessions += other.sums.sessions
    sums.spend += other.sums.spend
    for model in sums.credits.indices {
      sums.credits[model] += other.sums.credits[model]
      sums.revenues[model] += other.sums.revenues[model]
    }
    slack.add(other.slack)
    isRequired = isRequired || other.isRequired
  }
}

/// The buckets of one view.
private struct BucketTable {
  struct Bucket: Hashable {
    var dimensions: [UInt32]
    var windowStart: Milliseconds
  }

  /// What has been counted in one bucket.
  struct Tally {
    var impressions: Int64 = 0
    var clicks: Int64 = 0
    var users: Set<UInt32> = []
    /// User and session in one number.
    var sessions: Set<UInt64> = []
    var spend: Int128 = 0
    var credits: [Int128]
    var revenues: [Int128]
    var slack = TimeDecaySlack()
    var isRequired = false
  }

  let view: View
  private let emptyTally: Tally
  private(set) var tallies: [Bucket: Tally] = [:]

  private let definitions: Definitions
  private let emptyName: UInt32

  init(view: View, _ definitions: Definitions, emptyName: UInt32) {
    self.view = view
    self.definitions = definitions
    self.emptyName = emptyName
    let zeros = Array(repeating: Int128(0), count: definitions.models.count)
    emptyTally = Tally(credits: zeros, revenues: zeros)
  }

  mutating func add(touch: Oracle.Entry, isInSession: Bool) {
    let bucket = Bucket(dimensions: dimensions(of: touch), windowStart: window(touch.time))
    update(bucket) { tally in
      if touch.kind == .click { tally.clicks += 1 } else { tally.impressions += 1 }
      tally.users.insert(touch.user)
      if isInSession { tally.sessions.insert(UInt64(touch.user) << 32 | UInt64(touch.session)) }
      tally.spend += Int128(touch.amount)
      tally.isRequired = true
    }
  }

  mutating func add(cost: Oracle.Entry) {
    let bucket = Bucket(dimensions: dimensions(of: cost), windowStart: window(cost.time))
    update(bucket) { tally in
      tally.spend += Int128(cost.amount)
      tally.isRequired = true
    }
  }

  mutating func add(_ journey: Oracle.Journey, unattributed: UInt32) {
    let conversion = journey.conversion
    guard !journey.touches.isEmpty else {
      let bucket = Bucket(
        dimensions: view.dimensions.map { value(of: $0, conversion) ?? unattributed },
        windowStart: window(conversion.time))
      return update(bucket) { tally in
        for model in tally.credits.indices {
          tally.credits[model] += 1_000_000
          tally.revenues[model] += Int128(conversion.amount)
        }
      }
    }
    for (position, touch) in journey.touches.enumerated() {
      let time = view.bucketConversionsBy == .touch ? touch.time : conversion.time
      let bucket = Bucket(
        dimensions: dimensions(of: touch, earningOf: conversion), windowStart: window(time))
      update(bucket) { tally in
        for model in tally.credits.indices {
          tally.credits[model] += Int128(journey.credits[model][position])
          tally.revenues[model] += Int128(journey.revenues[model][position])
        }
        if journey.touches.count > 1 { tally.slack.addTouch(value: conversion.amount) }
      }
    }
  }

  private mutating func update(_ bucket: Bucket, _ change: (inout Tally) -> Void) {
    let empty = emptyTally
    change(&tallies[bucket, default: empty])
  }

  /// A touch's or a cost's values; where only conversions have a field, that of the conversion which the touch earns
  /// something of, or "".
  private func dimensions(
    of entry: Oracle.Entry, earningOf conversion: Oracle.Entry? = nil
  ) -> [UInt32] {
    view.dimensions.map { dimension in
      if dimension == .campaignID { return entry.campaign }
      if dimension == .channel { return entry.channel }
      if dimension == .adID { return entry.ad }
      if let index = definitions.dimensions.firstIndex(of: dimension.rawValue) {
        return entry.dimensions[index]
      }
      if let index = definitions.matchOn.firstIndex(of: dimension.rawValue) {
        return entry.matchOn[index]
      }
      return conversion.flatMap { value(of: dimension, $0) } ?? emptyName
    }
  }

  /// A conversion's own value of a dimension; nil if the dimension is of touches.
  private func value(of dimension: Dimension, _ conversion: Oracle.Entry) -> UInt32? {
    if let index = definitions.matchOn.firstIndex(of: dimension.rawValue) {
      return conversion.matchOn[index]
    }
    if let index = definitions.conversionDimensions.firstIndex(of: dimension.rawValue) {
      return conversion.conversionDimensions[index]
    }
    return nil
  }

  /// Floor division, so that windows are aligned to the epoch on both sides of it.
  private func window(_ time: Milliseconds) -> Milliseconds {
    let period = view.periodMilliseconds
    var number = time / period
    if number * period > time { number -= 1 }
    return number * period
  }
}

extension BucketTable.Tally {
  fileprivate var sums: RollupSums {
    var sums = RollupSums(modelCount: credits.count)
    sums.impressions = impressions
    sums.clicks = clicks
    sums.users = Int64(users.count)
    sums.sessions = Int64(sessions.count)
    sums.spend = spend
    sums.credits = credits.map { Int64($0) }
    sums.revenues = revenues
    return sums
  }
}
