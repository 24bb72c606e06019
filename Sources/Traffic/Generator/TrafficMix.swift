/// How many events of each kind a step of a visit has: what the pace of visits follows from.
///
/// A step is a touch. In the market's profile it is an impression with the click that may follow it, or a direct visit.
struct TrafficMix {
  let impressions: Double
  let clicks: Double
  let conversionsPerClick: Double
  /// The fraction of steps that are direct visits, in the market's profile.
  let directVisits: Double
  let touches: Double

  var eventsPerTouch: Double { touches + clicks * conversionsPerClick }

  /// Impressions, clicks and conversions per second.
  func rates(_ steps: Double) -> [Double] {
    [steps * impressions, steps * clicks, steps * clicks * conversionsPerClick]
  }

  /// Conversions per click in the market's profile, about.
  private static let marketConversions = 0.03
  /// The fraction of clicks that are direct visits there.
  private static let directShare = 0.15

  init(_ options: TrafficOptions, _ catalogue: CampaignCatalogue) {
    func fraction(_ value: Double) -> Double { min(max(value, 0), 1) }
    switch options.profile {
    case .dense:
      impressions = fraction(options.impressionsShare)
      clicks = 1 - impressions
      conversionsPerClick =
        fraction(options.conversionRate) * (1 + TrafficGenerator.strayConversions)
      directVisits = 0
      touches = 1
    case .market:
      let rate = catalogue.meanClickRate
      directVisits = rate * Self.directShare / (1 - Self.directShare)
      impressions = 1 - directVisits
      clicks = impressions * rate + directVisits
      conversionsPerClick = Self.marketConversions
      touches = impressions + clicks
    }
  }
}
