import Attribution
import Configuration
import Traffic

/// Settings under which something moves at once.
enum DemoSettings {
  /// The view that the demo shows unless told otherwise.
  static let view = View(
    name: "campaign_10s", dimensions: [.campaignID], periodMilliseconds: 10_000)

  /// What a click on a campaign of the page leads to.
  private static let ads = View(
    name: "ad_1m", dimensions: [.campaignID, .adID], periodMilliseconds: 60_000)

  /// The demo's value for every setting of `configuration` that is at its default.
  static func applied(to configuration: Configuration) -> Configuration {
    var settings = configuration
    let defaults = Configuration()
    func replace<Value: Equatable>(
      _ path: WritableKeyPath<Configuration, Value>, _ value: Value
    ) {
      if settings[keyPath: path] == defaults[keyPath: path] { settings[keyPath: path] = value }
    }
    replace(\.definitions.views, [view] + defaults.definitions.views + [ads])
    replace(\.definitions.models, [.lastTouch, .linear])
    replace(\.definitions.watermarkDelay, 5_000)
    replace(\.definitions.idleTimeout, 5_000)
    // The local broker never expels a dead member, so members must be static.
    replace(\.instanceID, "demo")
    return settings
  }

  /// Steady traffic with a minute of the past, so that the first table is not an empty one.
  static func traffic(
    _ configuration: Configuration, rate: Int, now: Milliseconds
  ) -> TrafficOptions {
    var traffic = TrafficOptions(seed: UInt64(bitPattern: now), eventCount: .max)
    traffic.profile = .market
    traffic.start = now - 60_000
    traffic.eventsPerSecond = Double(rate)
    traffic.hasDailyCurve = false
    // Visits are short, so that the rate is reached within the minute that is past.
    traffic.touchPause = 2_000
    traffic.conversionDelay = 20_000
    traffic.disorder = 4_000
    traffic.users = 50_000
    traffic.campaigns = 12
    traffic.definitions = configuration.definitions
    return traffic
  }
}
