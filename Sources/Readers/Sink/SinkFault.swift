import Configuration
import SQLSink

/// Which set of tables cannot be kept under a configuration, and what to add to it.
public enum SinkFault {
  /// Throws a `ConfigurationError` that names the lines to add.
  public static func check(_ tables: TableSet, _ settings: Configuration) throws {
    var missing: [String] = []
    var lines: [String] = []
    if tables == .adMetrics, settings.definitions.adHourView == nil {
      missing.append("a view by ad_id alone with a period of 1h")
      lines.append("under `views` the line `- {name: ad_1h, dimensions: [ad_id], period: 1h}`")
    }
    if tables.needsAccepted, settings.topics.accepted == nil {
      missing.append("the topic of accepted events")
      lines.append("under `topics` the line `accepted: accepted`")
    }
    guard !missing.isEmpty else { return }
    throw ConfigurationError(
      source: "--tables \(tables.rawValue)",
      problem: "the configuration lacks \(missing.joined(separator: " and "))",
      advice: "add \(lines.joined(separator: " and ")), run `tributary topics create`, and restart "
        + "every `tributary run`")
  }
}
