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
  /// Extra fields of touches and costs that views may list.
  public var dimensions: [String] = []
  /// Extra fields of conversions that views may list.
  public var conversionDimensions: [String] = []
  /// Fields that touch and conversion must share: a user is an id together with their values.
  public var matchOn: [String] = []

  /// What user ids, sessions and addresses are replaced with; nil leaves them as they are.
  public var pseudonymKey: PseudonymKey?

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

  /// The same for events whose ids are not to be replaced, or have been.
  public var withoutPseudonyms: Definitions {
    var definitions = self
    definitions.pseudonymKey = nil
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
    var parts = [
      currency, "\(lookback)", "\(impressionLookback)", "\(preferClicks)", "\(halfLife)",
      "\(correctionHorizon)", touchKinds.map { "\($0.rawValue)" }.sorted().joined(separator: ","),
      directChannels.sorted().joined(separator: "\n"),
      "\(maxTouches)", unmatchedUsers.sorted().joined(separator: "\n"),
    ]
    if dimensions.count + conversionDimensions.count + matchOn.count > 0 {
      // Left out where there are none: definitions without them are what they were before there were any.
      parts += [dimensions, conversionDimensions, matchOn].map { $0.joined(separator: "\n") }
    }
    if let pseudonymKey { parts.append("pseudonyms \(pseudonymKey.fingerprint)") }
    return textHash(parts.joined(separator: "\u{0}"))
  }
}
