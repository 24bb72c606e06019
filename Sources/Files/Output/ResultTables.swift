import Attribution
import Codec

/// Rollups and attributions as CSV.
enum ResultTables {
  // MARK: Rollups

  /// Columns of rollups: the contract's fields. Dimensions that a view does not have are empty.
  ///
  /// - Parameter hasWatermark: whether the last column is the watermark that a rollup was published with.
  static func rollupColumns(_ definitions: Definitions, hasWatermark: Bool = true) -> [String] {
    ["view", "window_start", "window_end"] + definitions.allDimensions.map(\.rawValue)
      + ["impressions", "clicks", "users", "sessions"]
      + definitions.models.flatMap { ["conversions_\($0.rawValue)", "revenue_\($0.rawValue)"] }
      + ["spend", "currency", "final", "revision"] + (hasWatermark ? ["watermark"] : [])
  }

  static func append(
    _ rollup: Rollup, _ definitions: Definitions, hasWatermark: Bool = true,
    to line: inout CSVWriter
  ) {
    let dimensions = definitions.views.first { $0.name == rollup.key.view }?.dimensions ?? []
    line.field(rollup.key.view)
    line.field(Time.formatSeconds(rollup.key.windowStart))
    line.field(Time.formatSeconds(rollup.windowEnd))
    for dimension in definitions.allDimensions {
      line.field(dimensions.firstIndex(of: dimension).map { rollup.key.dimensions[$0] } ?? "")
    }
    let sums = rollup.sums
    for count in [sums.impressions, sums.clicks, sums.users, sums.sessions] { line.field(count) }
    for model in definitions.models.indices {
      line.field(micros: MicrosSum(sums.credits[model]))
      line.field(micros: sums.revenues[model])
    }
    line.field(micros: sums.spend)
    line.field(definitions.currency)
    line.field(rollup.isFinal ? "true" : "false")
    line.field(rollup.revision)
    if hasWatermark { line.field(rollup.watermark.map(Time.formatMilliseconds) ?? "") }
    line.endLine()
  }

  // MARK: Attributions

  /// Columns of attributions: one line per conversion and eligible touch. A conversion without one has a
  /// line whose touch is empty.
  static func attributionColumns(_ definitions: Definitions) -> [String] {
    [
      "conversion_id", "user_id", "event_time", "value", "currency", "touch_id", "touch_kind",
      "touch_time", "campaign_id", "channel", "ad_id",
    ] + definitions.models.flatMap { ["credit_\($0.rawValue)", "revenue_\($0.rawValue)"] }
      + ["deleted"]
  }

  static func append(
    _ conversion: PublishedAttribution, _ definitions: Definitions, to line: inout CSVWriter
  ) {
    for index in 0..<max(1, conversion.touches.count) {
      line.field(conversion.conversionID)
      line.field(conversion.userID)
      line.field(Time.formatMilliseconds(conversion.time))
      line.field(micros: MicrosSum(conversion.value))
      line.field(conversion.currency)
      guard index < conversion.touches.count else {
        for _ in 0..<6 + 2 * definitions.models.count { line.field("") }
        line.field(conversion.isDeleted ? "true" : "false")
        line.endLine()
        return
      }
      let touch = conversion.touches[index]
      line.field(touch.eventID)
      line.field(touch.kind == .click ? "click" : "impression")
      line.field(Time.formatMilliseconds(touch.time))
      for name in [touch.campaignID, touch.channel, touch.adID] { line.field(name) }
      for model in definitions.models {
        line.field(micros: MicrosSum(conversion.credits[model.rawValue]?[index] ?? 0))
        line.field(micros: MicrosSum(conversion.revenues[model.rawValue]?[index] ?? 0))
      }
      line.field("false")
      line.endLine()
    }
  }
}
