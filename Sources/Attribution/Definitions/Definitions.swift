/// The attribution models of the contract, section 4.
public enum Model: String, CaseIterable, Codable, Sendable, Hashable {
  case firstTouch = "first_touch"
  case lastTouch = "last_touch"
  case linear = "linear"
  case timeDecay = "time_decay"
  case positionBased = "position_based"
  case lastNonDirect = "last_non_direct"
}

/// What a rollup can be grouped by.
public enum Dimension: String, CaseIterable, Sendable, Hashable {
  case campaignID = "campaign_id"
  case channel = "channel"
  case adID = "ad_id"
}

/// Where a conversion's credit counts: in the bucket of its own time, or of the credited touch's.
public enum ConversionBucket: String, CaseIterable, Sendable, Hashable {
  case conversion
  case touch
}

/// A named grouping of the event stream into rollups.
public struct View: Sendable, Hashable {
  public var name: String
  public var dimensions: [Dimension]
  /// Window length; divides a day.
  public var periodMilliseconds: Milliseconds
  public var bucketConversionsBy: ConversionBucket
  /// Windows that start before this are left to backfills: the view was added when there was history
  /// already. Nil for a view that was there from the beginning.
  public var since: Milliseconds?

  public init(
    name: String, dimensions: [Dimension], periodMilliseconds: Milliseconds,
    bucketConversionsBy: ConversionBucket = .conversion, since: Milliseconds? = nil
  ) {
    self.since = since
    self.name = name
    self.dimensions = dimensions
    self.periodMilliseconds = periodMilliseconds
    self.bucketConversionsBy = bucketConversionsBy
  }

  /// Names everything that what is published in the view depends on.
  public var fingerprint: UInt64 {
    let text =
      "\(name)|\(dimensions.map(\.rawValue).joined(separator: ","))|\(periodMilliseconds)"
      + "|\(bucketConversionsBy.rawValue)|\(since ?? .min)"
    return textHash(text)
  }

  /// The start of the window that holds `time`: aligned to the epoch, also before it.
  @inlinable
  public func windowStart(of time: Milliseconds) -> Milliseconds {
    let remainder = time % periodMilliseconds
    return time - (remainder < 0 ? remainder + periodMilliseconds : remainder)
  }
}

/// What becomes of an amount with digits other than zero behind the sixth decimal.
public enum ExcessDecimals: String, CaseIterable, Sendable, Hashable {
  /// The event cannot be used.
  case refuse
  /// Rounded half to even.
  case round
}

/// Everything that decides what the numbers mean (contract, sections 3 to 5). Durations in
/// milliseconds.
public struct Definitions: Sendable, Hashable {
  public var currency = "EUR"
  public var lookback: Milliseconds = 30 * 60_000
  public var impressionLookback: Milliseconds = 30 * 60_000
  /// Kinds of touch that can earn credit; `.impression`, `.click` or both.
  public var touchKinds: Set<EventKind> = [.click]
  public var preferClicks = true
  public var models: [Model] = [.lastTouch]
  /// Models that were added when there was history already: in windows that start before this their
  /// credits are left to backfills.
  public var modelsSince: [Model: Milliseconds] = [:]
  public var halfLife: Milliseconds = 7 * 86_400_000
  public var directChannels: [String] = ["direct"]
  public var views: [View] = [
    View(name: "campaign_5m", dimensions: [.campaignID], periodMilliseconds: 300_000),
    View(name: "channel_5m", dimensions: [.channel], periodMilliseconds: 300_000),
  ]
  public var watermarkDelay: Milliseconds = 10 * 60_000
  public var correctionHorizon: Milliseconds = 86_400_000
  public var maxFutureSkew: Milliseconds = 5 * 60_000
  public var idleTimeout: Milliseconds = 60_000
  /// Of more eligible touches than this, the last ones share the credit.
  public var maxTouches = 1_000
  /// The most that `maxTouches` may be. An attribution lists them all: with names of 128 bytes, each of which
  /// JSON escapes as six, and all models, 4,000 touches take less than 14 MiB of the 16 that a record may have.
  public static let mostTouches = 4_000
  /// Users that stand for nobody: they have no eligible touches.
  public var unmatchedUsers = ["00000000-0000-0000-0000-000000000000"]
  /// An event time before this is invalid. Milliseconds since the epoch; 2000-01-01T00:00:00Z.
  public var earliestEventTime: Milliseconds = 946_684_800_000

  public var excessDecimals = ExcessDecimals.refuse

  public init() {}

  /// From which window start on each of the models is credited.
  public var modelStarts: [Milliseconds] { models.map { modelsSince[$0] ?? .min } }

  /// The same without history: every view and model is there from the first event on.
  public var fromTheBeginning: Definitions {
    var definitions = self
    definitions.modelsSince = [:]
    for index in views.indices { definitions.views[index].since = nil }
    return definitions
  }

  /// Names everything that what is remembered or published depends on.
  public var fingerprint: DefinitionsFingerprint {
    DefinitionsFingerprint(
      base: baseFingerprint, models: models.map(fingerprint(of:)), views: views.map(\.fingerprint))
  }

  /// Names a model and when it was added.
  public func fingerprint(of model: Model) -> UInt64 {
    textHash("\(model.rawValue)|\(modelsSince[model] ?? .min)")
  }

  private var baseFingerprint: UInt64 {
    let parts = [
      currency, "\(lookback)", "\(impressionLookback)", "\(preferClicks)", "\(halfLife)",
      "\(correctionHorizon)", touchKinds.map { "\($0.rawValue)" }.sorted().joined(separator: ","),
      directChannels.sorted().joined(separator: "\n"),
      "\(maxTouches)", unmatchedUsers.sorted().joined(separator: "\n"),
    ]
    return textHash(parts.joined(separator: "\u{0}"))
  }
}

private func textHash(_ text: String) -> UInt64 {
  Array(text.utf8).withUnsafeBytes { Hash128(fingerprintOf: BorrowedBytes($0)).high }
}

/// Names definitions. State and rollups written under another base, or under a view or model that is
/// there no more, must not be added to. Views may be new; so may models, behind the others: sums are in
/// their order.
public struct DefinitionsFingerprint: Sendable, Equatable {
  public var base: UInt64
  public var models: [UInt64]
  public var views: [UInt64]

  public init(base: UInt64, models: [UInt64], views: [UInt64]) {
    self.base = base
    self.models = models
    self.views = views
  }

  /// Whether what was written under `former` may be added to.
  public func extends(_ former: DefinitionsFingerprint) -> Bool {
    base == former.base && models.starts(with: former.models)
      && Set(former.views).isSubset(of: views)
  }
}

/// The dimension value that holds what no touch earned.
public let unattributedName = "(unattributed)"
