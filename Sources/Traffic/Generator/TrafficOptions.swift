import Attribution

/// What traffic to generate. Everything has a default; the same options give the same bytes.
public struct TrafficOptions: Sendable {
  public var seed: UInt64
  /// Impressions, clicks and conversions that should be accepted: ordinary and late ones together.
  /// Duplicates, malformed and too-late records and the costs topic's rows come on top.
  public var eventCount: Int
  /// What decides rates, prices and delays. In the market's profile `impressionsShare`, `conversionRate`,
  /// `conversionDelay` and `directShare` have no meaning.
  public var profile = TrafficProfile.dense
  /// Event time of the beginning. The default, 2026-01-05T08:00:00Z, starts with an average morning.
  public var start: Milliseconds = 1_767_600_000_000
  /// How many users there are. A few more convert without ever touching an ad.
  public var users = 200_000
  /// How many paid campaigns there are; direct visits have one more of their own.
  public var campaigns = 40
  public var adsPerCampaign = 5
  /// Base events per second of event time, averaged over a day; at least 0.001.
  public var eventsPerSecond = 46.3
  /// Whether some hours of the day are busier than others; otherwise all are like the average.
  public var hasDailyCurve = true

  /// Copies of accepted events, as a fraction of `eventCount`.
  public var duplicates = 0.03
  /// The longest an ordinary event travels. Capped at what is never too late, `watermarkDelay` +
  /// half the `correctionHorizon`.
  public var disorder: Milliseconds = 30_000
  /// The fraction of base events that arrive later than the watermark delay, yet inside the
  /// correction horizon. None when the horizon is too short for a safe margin.
  public var late = 0.01
  /// Records beyond the correction horizon, as a fraction of `eventCount`; nil means `late` / 10.
  public var tooLate: Double?
  /// Records that can never be used, as a fraction of `eventCount`.
  public var malformed = 0.001

  /// The fraction of accepted events that are restated, moved or taken back by later versions.
  public var versions = 0.0

  /// The fraction of touches that are impressions.
  public var impressionsShare = 0.6
  /// The fraction of clicks that a conversion follows.
  public var conversionRate = 0.08
  /// Half of a visit's touches follow the one before within this, the last within about 40 times it.
  public var touchPause: Milliseconds = 25_000
  /// Half of the conversions that follow a click come within this, the last within four hours.
  public var conversionDelay: Milliseconds = 360_000
  /// The fraction of clicks that are direct visits.
  public var directShare = 0.15

  /// The fraction of visits that are of one user, as those of an advertising id that was set to zero.
  public var busyUserShare = 0.0
  /// The fraction of conversions that are worth nearly as much as one may be.
  public var hugeValues = 0.0
  /// Whether ids and campaigns come in pairs that differ only in how one character is spelled.
  public var hasTwoSpellings = false

  /// Whether touches of paid campaigns carry a `cost`.
  public var touchCosts = true
  /// Whether there are costs rows: one per paid campaign and hour.
  public var costRows = false
  /// Decides what is late, too late, or in the future, the currency, and the name of direct traffic. Fields that it
  /// adds have a few values each.
  public var definitions = Definitions()

  public init(seed: UInt64 = 1, eventCount: Int = 1_000_000) {
    self.seed = seed
    self.eventCount = eventCount
  }
}
