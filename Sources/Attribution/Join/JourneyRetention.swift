/// How long touches and conversions are remembered beyond the correction horizon (contract, section 3).
///
/// A touch that can earn credit is needed for its kind's look-back, because a late conversion looks back as far, and
/// any touch for the longest view, in whose windows distinct users are counted. Where impressions and clicks
/// differ much, impressions have buckets and lists of their own, so that the short-lived kind, of which there may be a hundred
/// times as many, is forgotten early. Otherwise both share them, which costs one look at memory less for each event.
struct JourneyRetention: Sendable {
  /// Whether impressions are kept apart.
  let separatesImpressions: Bool
  /// Of clicks and conversions, in milliseconds.
  private let margin: Milliseconds
  private let impressionMargin: Milliseconds
  private let buckets: TimeBuckets

  init(_ definitions: Definitions) {
    let rules = EligibilityRules(definitions)
    let view = definitions.views.map(\.periodMilliseconds).max() ?? 0
    let clicks = max(rules.lookback(of: .click) ?? 0, view)
    let impressions = max(rules.lookback(of: .impression) ?? 0, view)
    let horizon = definitions.correctionHorizon
    let (shorter, longer) = (min(clicks, impressions), max(clicks, impressions))
    separatesImpressions = 2 * (horizon + longer) > 3 * (horizon + shorter)
    margin = separatesImpressions ? clicks : longer
    impressionMargin = separatesImpressions ? impressions : longer
    buckets = TimeBuckets(horizon: horizon)
  }

  /// What is kept while state is kept from `mark` on.
  func live(from mark: Watermark) -> LiveBuckets {
    LiveBuckets(
      first: buckets.firstLive(mark.moved(back: margin)),
      firstOfImpressions: buckets.firstLive(mark.moved(back: impressionMargin)))
  }

  /// The bucket of an event of a slice of event time.
  @inline(__always)
  func bucket(_ slice: UInt64, of kind: EventKind) -> StateBucket {
    StateBucket(slice, isOfImpressions: separatesImpressions && kind == .impression)
  }
}
