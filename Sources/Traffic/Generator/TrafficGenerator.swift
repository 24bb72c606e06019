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
/// travels for a while, and some are sent again. `TrafficProfile` says how much of each there is.
///
/// The truth about a record holds for every processor that reads its inputs about in step, on up to 32
/// partitions: see `TrafficTimes` for the margins. Event ids repeat after 2^48 events.
///
/// Memory does not grow with the number of events: only those under way are held, as numbers.
public struct TrafficGenerator: Sequence, IteratorProtocol, Sendable {
  /// What has been emitted so far.
  public internal(set) var summary = TrafficSummary()

  let options: TrafficOptions
  let times: TrafficTimes
  private let writer: RecordWriter
  var catalogue: CampaignCatalogue { writer.catalogue }
  let chances: Chances
  var random: SeededRandom

  var queue = ArrivalQueue()
  /// No event made from now on arrives before it.
  var clock: Milliseconds
  /// The next visit, relative to `start`, in milliseconds with 16 fraction bits: visits may be less
  /// than a millisecond apart.
  private var nextVisit: Int64 = 0
  private let visitInterval: Int64
  var nextCostHour: Milliseconds
  var remaining: Int
  var identities: UInt64 = 0
  var recentUsers: [UInt64] = []
  var recentPosition = 0

  /// The options' fractions, ready to draw from.
  struct Chances {
    let impression, direct, converts, strayConversion: Chance
    /// That a touch of the market's profile is a visit that no ad brought.
    let directVisit: Chance
    let duplicate, late, tooLate, malformed, busyUser, huge, version: Chance
    let visitEnds = Chance(1 / TrafficGenerator.touchesPerVisit)
    let returningUser = Chance(0.35)
    let clicksLastImpression = Chance(0.75)
  }

  static let touchesPerVisit = 3.0
  static let mostTouchesPerVisit = 40
  static let recentUserCount = 2_048
  /// The number behind the user of `busyUserShare`.
  static let busyUser: UInt64 = 0
  /// That user's id, without a second spelling.
  package static let busyUserID = "u-0000000000000000"
  /// Conversions that follow nothing, for every one that follows a click.
  static let strayConversions = 0.05

  public init(_ options: TrafficOptions) {
    self.options = options
    let directChannel = options.definitions.directChannels.first ?? "direct"
    let catalogue =
      switch options.profile {
      case .dense:
        CampaignCatalogue(
          dense: options.campaigns, directChannel: directChannel, seed: options.seed,
          hasTwoSpellings: options.hasTwoSpellings)
      case .market:
        CampaignCatalogue(
          market: options.campaigns, directChannel: directChannel, seed: options.seed,
          hasTwoSpellings: options.hasTwoSpellings)
      }
    let mix = TrafficMix(options, catalogue)
    let touchRate = Swift.max(options.eventsPerSecond, 1e-3) / mix.eventsPerTouch
    let rates = mix.rates(touchRate)
    times = TrafficTimes(options, scarcestRate: rates.filter { $0 > 0 }.min() ?? 0)
    visitInterval = Int64(
      TrafficGenerator.touchesPerVisit / touchRate * 1_000 * Double(Delays.one))
    chances = Chances(
      impression: Chance(mix.impressions / mix.touches),
      direct: Chance(options.directShare),
      converts: Chance(options.conversionRate),
      strayConversion: Chance(options.conversionRate * TrafficGenerator.strayConversions),
      directVisit: Chance(mix.directVisits), duplicate: Chance(options.duplicates),
      late: Chance(options.late),
      tooLate: Chance(options.tooLate ?? options.late / 10), malformed: Chance(options.malformed),
      busyUser: Chance(options.busyUserShare),
      huge: Chance(options.hugeValues), version: Chance(options.versions))

    writer = RecordWriter(
      catalogue: catalogue,
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
      if options.profile == .market { addMarketVisit() } else { addVisit() }
      let level = options.hasDailyCurve ? DailyCurve.permille(at: clock) : 1_000
      let pause = Delays.exponential(&random) * 1_000 / level
      nextVisit += (visitInterval * pause) >> 16
    }
  }
}
