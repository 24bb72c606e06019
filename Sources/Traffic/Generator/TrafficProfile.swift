/// What generated traffic is like.
public enum TrafficProfile: String, CaseIterable, Sendable {
  /// As in the world: one click among fifty to a hundred impressions, one conversion among forty clicks, with rates and
  /// prices by channel.
  case market
  /// Four clicks among ten touches and a conversion after every twelfth of them, for tests: much happens among few
  /// events.
  case dense
}

/// A channel's rates and prices, as published averages over all industries have them.
///
/// Search and display: WordStream, "Google Ads Industry Benchmarks" (CTR 3.17 % and 0.46 %, CPC 2.69 and 0.63, conversion
/// rate 3.75 % and 0.77 %). Social: WordStream, "Facebook Ad Benchmarks", retail (1.59 %, 0.70, 3.26 %). Email: Mailchimp,
/// "Email Marketing Benchmarks" (2.6 % clicks). Video and affiliate are estimates.
struct ChannelMarket: Sendable {
  let name: String
  /// Clicks per impression.
  let clickRate: Double
  /// Conversions per click.
  let conversionRate: Double
  /// Micros.
  let costPerClick: Int64
  /// Micros of one impression; with it a click costs nothing more.
  let costPerImpression: Int64

  /// In the order in which campaigns take them, so that display has the largest one.
  static let all = [
    ChannelMarket(
      name: "display", clickRate: 0.0046, conversionRate: 0.0077, costPerClick: 0,
      costPerImpression: 2_900),
    ChannelMarket(
      name: "social", clickRate: 0.0159, conversionRate: 0.0326, costPerClick: 0,
      costPerImpression: 11_100),
    ChannelMarket(
      name: "search", clickRate: 0.0317, conversionRate: 0.0375, costPerClick: 2_690_000,
      costPerImpression: 0),
    ChannelMarket(
      name: "video", clickRate: 0.0065, conversionRate: 0.0075, costPerClick: 0,
      costPerImpression: 9_700),
    ChannelMarket(
      name: "email", clickRate: 0.026, conversionRate: 0.03, costPerClick: 0, costPerImpression: 0),
    ChannelMarket(
      name: "affiliate", clickRate: 0.01, conversionRate: 0.025, costPerClick: 300_000,
      costPerImpression: 0),
  ]
  /// Visits that no ad brought.
  static func direct(named name: String) -> ChannelMarket {
    ChannelMarket(
      name: name, clickRate: 0, conversionRate: 0.04, costPerClick: 0, costPerImpression: 0)
  }
}
