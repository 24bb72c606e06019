import Attribution

/// Which tables a sink keeps.
public enum TableSet: String, CaseIterable, Sendable {
  /// `rollups` and `attributions`, as the topics hold them.
  case rollups
  /// Impressions, clicks, sessions and users by ad and hour, for dashboards.
  case adMetrics = "ad_metrics"
  /// Facts and dimensions, for analysts.
  case star

  /// Whether the tables are filled from the deduped stream.
  public var needsAccepted: Bool { self != .rollups }
}

extension Definitions {
  /// The view that `ad_metrics` is filled from: by `ad_id` alone, an hour long.
  public var adHourView: View? {
    views.first { $0.dimensions == [.adID] && $0.periodMilliseconds == AdMetricsTables.hour }
  }
}
