import Attribution
import Codec

/// Believable traffic from a seed, in order of arrival: the same bytes for the same options, on every
/// machine.
///
///     var generator = TrafficGenerator(TrafficOptions(seed: 7, eventCount: 1_000))
///     while let record = generator.next() { … }
///     print(generator.summary)
///
/// Visits begin at random along a daily curve. A visit is one user's run of impressions and clicks
/// for campaigns of uneven size; some clicks are direct visits, some are followed by a conversion,
/// minutes later or after the look-back is over; some conversions follow nothing. Every event then
/// travels for a while, and some are sent again.
///
/// The truth about a record holds for every processor that reads its inputs about in step, on up to 32
/// partitions: see `TrafficTimes` for the margins. Event ids repeat after 2^48 events.
///
/// Memory does not grow with the number of events: only those under way are held, as numbers.
public struct TrafficGenerator: Sequence, IteratorProtocol, Sendable {
  /// What has been emitted so far.
  public private(set) var summary = TrafficSummary()

  private let options: TrafficOptions
  private let times: TrafficTimes
  private let writer: RecordWriter
  private var catalogue: CampaignCatalogue { writer.catalogue }
  private let chances: Chances
  private var random: SeededRandom

  private var queue = ArrivalQueue()
  /// No event made from now on arrives before it.
  private var clock: Milliseconds
  /// The next visit, relative to `start`, in milliseconds with 16 fraction bits: visits may be less
  /// than a millisecond apart.
  private var nextVisit: Int64 = 0
  private let visitInterval: Int64
  private var nextCostHour: Milliseconds
  private var remaining: Int
  private var identities: UInt64 = 0
  private var recentUsers: [UInt64] = []
  private var recentPosition = 0

  /// The options' fractions, ready to draw from.
  private struct Chances {
    let impression, direct, converts, strayConversion: Chance
    let duplicate, late, tooLate, malformed, busyUser, huge, version: Chance
    let visitEnds = Chance(1 / TrafficGenerator.touchesPerVisit)
    let returningUser = Chance(0.35)
    let clicksLastImpression = Chance(0.75)
  }

  private static let touchesPerVisit = 3.0
  private static let mostTouchesPerVisit = 40
  private static let recentUserCount = 2_048
  /// The number behind the user of `busyUserShare`.
  static let busyUser: UInt64 = 0
  /// That user's id, without a second spelling.
  package static let busyUserID = "u-0000000000000000"
  /// Conversions that follow nothing, for every one that follows a click.
  private static let strayConversions = 0.05

  public init(_ options: TrafficOptions) {
    self.options = options
    let impressions = Swift.min(Swift.max(options.impressionsShare, 0), 1)
    let conversionsPerClick =
      Swift.min(Swift.max(options.conversionRate, 0), 1) * (1 + TrafficGenerator.strayConversions)
    let eventsPerTouch = 1 + (1 - impressions) * conversionsPerClick
    let touchRate = Swift.max(options.eventsPerSecond, 1e-3) / eventsPerTouch

    let rates = [
      touchRate * impressions, touchRate * (1 - impressions),
      touchRate * (1 - impressions) * conversionsPerClick,
    ]
    times = TrafficTimes(options, scarcestRate: rates.filter { $0 > 0 }.min() ?? 0)
    visitInterval = Int64(
      TrafficGenerator.touchesPerVisit / touchRate * 1_000 * Double(Delays.one))
    chances = Chances(
      impression: Chance(options.impressionsShare), direct: Chance(options.directShare),
      converts: Chance(options.conversionRate),
      strayConversion: Chance(options.conversionRate * TrafficGenerator.strayConversions),
      duplicate: Chance(options.duplicates), late: Chance(options.late),
      tooLate: Chance(options.tooLate ?? options.late / 10), malformed: Chance(options.malformed),
      busyUser: Chance(options.busyUserShare),
      huge: Chance(options.hugeValues), version: Chance(options.versions))

    let directChannel = options.definitions.directChannels.first ?? "direct"
    writer = RecordWriter(
      catalogue: CampaignCatalogue(
        paid: options.campaigns, directChannel: directChannel, seed: options.seed,
        hasTwoSpellings: options.hasTwoSpellings),
      definitions: options.definitions, hasTwoSpellings: options.hasTwoSpellings)
    random = SeededRandom(seed: options.seed)
    clock = options.start
    let intoHour = options.start % 3_600_000
    nextCostHour = options.start - (intoHour < 0 ? intoHour + 3_600_000 : intoHour)
    remaining = Swift.max(options.eventCount, 0)
  }

  /// The next record to arrive.
  public mutating func next() -> GeneratedRecord? {
    while remaining > 0, queue.firstArrival.map({ $0 > clock }) ?? true { advance() }
    guard let event = queue.removeFirst() else { return nil }
    summary.add(event.kind, event.truth)
    return GeneratedRecord(
      kind: event.kind, key: writer.key(of: event), value: writer.value(of: event),
      timestamp: event.arrival, truth: event.truth)
  }

  /// Moves the clock to what happens next, a visit or a full hour, and lets it happen.
  private mutating func advance() {
    let visit = options.start + nextVisit >> 16
    if options.costRows, nextCostHour <= visit {
      clock = Swift.max(clock, nextCostHour)
      addCostRows()
      nextCostHour += 3_600_000
    } else {
      clock = visit
      addVisit()
      let level = options.hasDailyCurve ? DailyCurve.permille(at: clock) : 1_000
      let pause = Delays.exponential(&random) * 1_000 / level
      nextVisit += (visitInterval * pause) >> 16
    }
  }

  // MARK: Visits

  private mutating func addVisit() {
    let user = pickUser()
    var time = clock
    var lastImpression: PendingEvent?
    var touches = 0
    repeat {
      let touch = makeTouch(of: user, at: time, after: lastImpression)
      if touch.kind == .impression { lastImpression = touch }
      send(touch)
      if touch.kind == .click { addConversion(after: touch) }
      touches += 1
      // Some touches share a millisecond: then the ids decide the order.
      if random.below(64) != 0 {
        time += Delays.logNormal(median: options.touchPause, spread: 170_000, &random)
      }
    } while remaining > 0 && touches < TrafficGenerator.mostTouchesPerVisit
      && !chances.visitEnds.happens(&random)
  }

  private mutating func makeTouch(
    of user: UInt64, at time: Milliseconds, after impression: PendingEvent?
  ) -> PendingEvent {
    var touch = PendingEvent(
      arrival: time, time: time, kind: chances.impression.happens(&random) ? .impression : .click,
      identity: nextIdentity(), user: user, format: random.next())
    let details = random.next()
    // Half an hour's touches are one session; its id means something within its user only.
    if details & 15 != 0 { touch.session = Int32(truncatingIfNeeded: (time / 1_800_000) % 1_000) }
    touch.namesChannel = details >> 4 & 63 != 0

    if touch.kind == .click, chances.direct.happens(&random) {
      touch.campaign = catalogue.directCampaign
      return touch
    }
    if touch.kind == .click, let impression, impression.time < time,
      chances.clicksLastImpression.happens(&random)
    {
      touch.campaign = impression.campaign
      touch.ad = impression.ad
    } else {
      touch.campaign = catalogue.pick(&random)
      if details >> 10 & 31 != 0 { touch.ad = Int32(random.below(Int64(options.adsPerCampaign))) }
    }
    if options.touchCosts {
      let campaign = catalogue.campaigns[Int(touch.campaign)]
      let cost = touch.kind == .click ? campaign.clickCost : campaign.impressionCost
      if cost > 0 || details >> 15 & 7 == 0 { touch.amount = cost }
    }
    return touch
  }

  private mutating func addConversion(after click: PendingEvent) {
    if remaining > 0, chances.converts.happens(&random) {
      let delay = Delays.logNormal(median: options.conversionDelay, spread: 210_000, &random)
      send(makeConversion(of: click.user, at: click.time + Swift.min(delay, 4 * 3_600_000)))
    }
    if remaining > 0, chances.strayConversion.happens(&random) {
      send(makeConversion(of: SeededRandom.mix(~UInt64(random.below(10_000))), at: click.time))
    }
  }

  private mutating func makeConversion(of user: UInt64, at time: Milliseconds) -> PendingEvent {
    let prices: [Micros] = [
      9_990_000, 19_900_000, 24_500_000, 49_000_000, 59_900_000, 99_000_000, 129_950_000,
      249_000_000,
    ]
    let isHuge = options.hugeValues > 0 && chances.huge.happens(&random)
    let value: Micros =
      switch isHuge ? 32 : random.below(32) {
      case 32: Money.largest - random.below(Money.largest / 8)
      case 0: -1
      case 1: 0
      case 2, 3: 1 + random.below(500_000_000)
      default: prices[Int(random.below(8))] * (1 + random.below(8) / 6)
      }
    return PendingEvent(
      arrival: time, time: time, kind: .conversion, identity: nextIdentity(), user: user,
      amount: value, format: random.next())
  }

  private mutating func pickUser() -> UInt64 {
    if options.busyUserShare > 0, chances.busyUser.happens(&random) {
      return TrafficGenerator.busyUser
    }
    if chances.returningUser.happens(&random) {
      let slot = Int(random.below(Int64(TrafficGenerator.recentUserCount)))
      if slot < recentUsers.count { return recentUsers[slot] }
    }
    var user = SeededRandom.mix(UInt64(random.below(Int64(Swift.max(options.users, 1)))) + 1)
    if options.hasTwoSpellings { user = user & ~1 | UInt64(random.below(2)) }
    if recentUsers.count < TrafficGenerator.recentUserCount {
      recentUsers.append(user)
    } else {
      recentUsers[recentPosition] = user
      recentPosition = (recentPosition + 1) % TrafficGenerator.recentUserCount
    }
    return user
  }

  /// The number behind an event id: unique, and not in the order of time.
  private mutating func nextIdentity() -> UInt64 {
    identities += 1
    if options.hasTwoSpellings {
      // Two in a row differ in the spelling alone.
      let pair = (identities >> 1) &* 0x5DEE_CE66_D1CD &+ options.seed
      return (pair << 1 | identities & 1) & 0xFFFF_FFFF_FFFF
    }
    return (identities &* 0x5DEE_CE66_D1CD &+ options.seed) & 0xFFFF_FFFF_FFFF
  }

  // MARK: The way to the log

  /// Sends a base event on its way, perhaps with a copy behind it and something useless beside it.
  private mutating func send(_ event: PendingEvent) {
    var event = event
    remaining -= 1
    if let late = times.late, chances.late.happens(&random) {
      event.truth = .late
      event.arrival += Delays.logUniform(from: late.lowerBound, to: late.upperBound, &random)
    } else {
      event.arrival += Delays.mostlyShort(upTo: times.ordinary, &random)
    }
    queue.insert(event)
    if chances.duplicate.happens(&random) { sendCopy(of: event) }
    if options.versions > 0, chances.version.happens(&random) { sendVersions(of: event) }
    if chances.malformed.happens(&random) { sendMalformed() }
    if chances.tooLate.happens(&random), clock - options.start >= times.warmUp { sendTooLate() }
  }

  private mutating func sendCopy(of event: PendingEvent) {
    var copy = event
    copy.truth = .duplicate
    let pause =
      switch random.below(10) {
      case 0..<7: random.below(5_000)
      case 7..<9: Delays.logUniform(from: 60_000, to: 1_800_000, &random)
      default: Delays.logUniform(from: 1_800_000, to: 4 * 3_600_000, &random)
      }
    copy.arrival = Swift.min(
      event.arrival + pause, Swift.max(event.arrival, event.time + times.copy))
    // The same bytes again, or the same event written differently.
    if random.below(2) == 0 { copy.format = random.next() }
    queue.insert(copy)
  }

  /// Sends one to three versions of an event behind it: refunds, restated costs, fraud, corrected times.
  private mutating func sendVersions(of event: PendingEvent) {
    var arrival = event.arrival
    for version in 1...1 + Int32(random.below(3)) {
      var restated = event
      restated.truth = .version
      restated.version = version
      restated.format = random.next()
      switch random.below(4) {
      case 0: restated.isDeleted = true
      case 1:
        // Backwards, so that it is no event of the future.
        restated.originalTime = event.time
        restated.time -= random.below(600_000)
      default: restated.amount = restated.amount < 0 ? -1 : restated.amount / 2
      }
      if event.kind.isTouch, random.below(4) == 0 { restated.campaign = catalogue.pick(&random) }
      arrival += random.below(random.below(4) == 0 ? 3_600_000 : 30_000)
      restated.arrival = Swift.min(arrival, Swift.max(event.arrival, event.time + times.copy))
      guard restated.arrival - restated.time <= times.copy || version == 1 else { return }
      // One that is moved might be too late where the original was not.
      if restated.arrival - restated.time > times.copy { restated.time = event.time }
      queue.insert(restated)
      arrival = restated.arrival
    }
  }

  private mutating func sendTooLate() {
    let delay =
      times.tooLate.lowerBound
      + random.below(times.tooLate.upperBound - times.tooLate.lowerBound + 1)
    let user = pickUser()
    var event =
      options.conversionRate > 0 && random.below(8) == 0
      ? makeConversion(of: user, at: clock - delay)
      : makeTouch(of: user, at: clock - delay, after: nil)
    event.arrival = clock
    event.truth = .tooLate
    queue.insert(event)
  }

  private mutating func sendMalformed() {
    let rejection: RejectionReason =
      switch random.below(64) {
      case 0: .tooLarge
      case 1..<20: .malformedJSON
      case 20..<34: .missingField
      case 34..<48: .invalidField
      case 48..<56: .futureEvent
      default: .wrongCurrency
      }
    let user = pickUser()
    var event: PendingEvent
    switch random.below(options.costRows ? 10 : 9) {
    case 0..<7: event = makeTouch(of: user, at: clock, after: nil)
    case 9: event = makeCostRow(of: catalogue.pick(&random), at: clock)
    default: event = makeConversion(of: user, at: clock)
    }
    event.truth = .malformed(rejection)
    event.arrival = clock + Delays.mostlyShort(upTo: times.ordinary, &random)
    if rejection == .futureEvent {
      event.time =
        event.arrival + options.definitions.maxFutureSkew + 1 + random.below(3_600_000)
    }
    queue.insert(event)
  }

  // MARK: Costs

  /// The coming hour's rows: one per paid campaign, at a time of its own within the hour.
  private mutating func addCostRows() {
    for campaign in catalogue.paidCampaigns {
      let time = nextCostHour + Milliseconds(campaign) * 97_561 % 3_600_000
      guard time >= options.start else { continue }
      var row = makeCostRow(of: campaign, at: time)
      row.arrival = time + Delays.mostlyShort(upTo: times.ordinary, &random)
      queue.insert(row)
      if chances.duplicate.happens(&random) { sendCopy(of: row) }
      if options.versions > 0, chances.version.happens(&random) { sendVersions(of: row) }
    }
  }

  private mutating func makeCostRow(of campaign: Int32, at time: Milliseconds) -> PendingEvent {
    PendingEvent(
      arrival: time, time: time, kind: .cost, identity: nextIdentity(), campaign: campaign,
      amount: 5_000_000 + random.below(200_000_000), format: random.next())
  }
}
