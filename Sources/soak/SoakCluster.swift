import BrokerKit
import Cluster
import Configuration
import Foundation
import Kafka
import Logging

/// Where a soak takes place: topics of its own on a broker, and a folder for every process's log.
struct SoakCluster {
  static let partitions = 6
  /// How long Kafka waits for a member that says nothing; the least that it allows by default.
  static let sessionTimeoutSeconds = 6.0

  let bootstrap: String
  let logs: URL
  let configuration: Configuration
  /// For every process of the soak.
  let environment: [String: String]
  let logger: Logger

  init(bootstrap: String, isLocal: Bool) throws {
    self.bootstrap = bootstrap
    let prefix = LocalBroker.uniqueName("soak")
    var variables = [
      "APPLICATION_ID": prefix, "BOOTSTRAP_SERVERS": bootstrap,
      "COMMIT_INTERVAL": "300ms", "WATERMARK_DELAY": "2s", "CORRECTION_HORIZON": "2m",
      "LOOKBACK": "5m", "IDLE_TIMEOUT": "5s", "MODELS": "[last_touch, linear, position_based]",
      "VIEWS": """
      [{name: campaign_10s, dimensions: [campaign_id], period: 10s}, \
      {name: channel_1m, dimensions: [channel], period: 1m, bucket_conversions_by: touch}]
      """,
    ]
    // The local broker answers an empty fetch at once, so every consumer keeps it busy.
    variables["WORKERS"] = isLocal ? "1" : "2"
    for topic in [
      "impressions", "clicks", "conversions", "costs", "rollups", "attributions", "dead_letters",
      "late_events",
    ] { variables["TOPICS_\(topic.uppercased())"] = "\(prefix)-\(topic)" }
    if !isLocal {
      variables["KAFKA_SESSION_TIMEOUT_MS"] = "\(Int(SoakCluster.sessionTimeoutSeconds * 1_000))"
      variables["KAFKA_HEARTBEAT_INTERVAL_MS"] = "2000"
    }
    environment = Dictionary(
      uniqueKeysWithValues: variables.map { ("TRIBUTARY_\($0.key)", $0.value) })
    configuration = try Configuration.load(file: nil, environment: environment)
    logs = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-\(prefix)")
    try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
    var logger = Logger(label: "soak", factory: { StreamLogHandler.standardError(label: $0) })
    // An outage is part of the play.
    logger.logLevel = .critical
    self.logger = logger
    try TopicAdministration(configuration, logger: logger)
      .create(partitions: Int32(SoakCluster.partitions), replicationFactor: -1) { _, _ in }
  }

  /// Removes topics, groups and logs.
  func remove() throws {
    let admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
    try admin.deleteTopics(
      configuration.topicRequirements.map(\.name), timeoutMilliseconds: 30_000)
    // Static members of a cluster that expels are still remembered; the groups expire by themselves.
    try? admin.deleteGroups(
      ["attribution", "rollups"].map { "\(configuration.applicationID)-\($0)" },
      timeoutMilliseconds: 30_000)
    try FileManager.default.removeItem(at: logs)
  }
}
