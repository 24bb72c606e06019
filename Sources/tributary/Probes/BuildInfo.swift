import Kafka
import Service

/// What this program is.
enum BuildInfo {
  static let version = "0.1.0"

  /// Defines and sets the metric that says so.
  static func set(_ metrics: Metrics, command: String) {
    metrics.define(
      "tributary_build_info", .gauge, help: "1, with what was built as labels.")
    metrics.set(
      "tributary_build_info",
      ["version": version, "librdkafka": Librdkafka.version, "command": command], to: 1)
  }
}
