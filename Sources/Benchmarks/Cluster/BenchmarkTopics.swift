import Attribution
import Cluster
import Configuration
import Kafka
import Logging

/// Topics of a benchmark's own on a cluster: made, filled, processed under several names, deleted.
public struct BenchmarkTopics {
  /// Reads the inputs and writes outputs that nobody else writes.
  public let configuration: Configuration

  private let logger: Logger

  /// - Parameters:
  ///   - settings: how to reach the cluster.
  ///   - name: what the topics' names begin with; one that no other benchmark uses.
  public init(_ settings: Configuration, name: String, logger: Logger) {
    self.logger = logger
    configuration = BenchmarkTopics.configuration(settings, inputs: name, run: "\(name)-run")
  }

  private init(_ configuration: Configuration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// The same inputs, to be processed once more: with outputs, state and groups of its own.
  public func another(_ run: String) -> BenchmarkTopics {
    var copy = configuration
    BenchmarkTopics.name(&copy, run: "\(configuration.topics.clicks)-\(run)")
    return BenchmarkTopics(copy, logger: logger)
  }

  /// The same inputs, re-keyed on their way, though they need not be.
  ///
  /// - Parameter partitions: of the internal topics.
  public func reKeyed(_ run: String, partitions: Int) -> BenchmarkTopics {
    var topics = another(run).configuration
    topics.inputs = [
      (EventKind.click, topics.topics.clicks), (.conversion, topics.topics.conversions),
    ]
    .map { kind, topic in
      var entry = InputEntry(kind: kind, source: .topic(topic))
      entry.rekey = true
      return entry
    }
    topics.rekeyPartitions = partitions
    return BenchmarkTopics(topics, logger: logger)
  }

  private static func configuration(
    _ settings: Configuration, inputs: String, run: String
  ) -> Configuration {
    var settings = settings
    settings.topics.impressions = nil
    settings.topics.costs = nil
    settings.topics.clicks = "\(inputs)-clicks"
    settings.topics.conversions = "\(inputs)-conversions"
    name(&settings, run: run)
    return settings
  }

  private static func name(_ settings: inout Configuration, run: String) {
    settings.applicationID = run
    settings.topics.rollups = "\(run)-rollups"
    settings.topics.attributions = "\(run)-attributions"
    settings.topics.deadLetters = "\(run)-dead-letters"
    settings.topics.lateEvents = "\(run)-late-events"
  }

  /// The settings in which a benchmark's processes differ from the user's, as `TRIBUTARY_…` variables.
  public var environment: [String: String] {
    let topics = configuration.topics
    let reKeying =
      configuration.inputs.map { inputs in
        [
          "TRIBUTARY_INPUTS": "[\(inputs.map(\.text).joined(separator: ", "))]",
          "TRIBUTARY_REKEY_PARTITIONS": "\(configuration.rekeyPartitions)",
        ]
      } ?? [:]
    return [
      "TRIBUTARY_APPLICATION_ID": configuration.applicationID,
      "TRIBUTARY_BOOTSTRAP_SERVERS": configuration.bootstrapServers,
      "TRIBUTARY_TOPICS_IMPRESSIONS": "null", "TRIBUTARY_TOPICS_COSTS": "null",
      "TRIBUTARY_TOPICS_CLICKS": topics.clicks, "TRIBUTARY_TOPICS_CONVERSIONS": topics.conversions,
      "TRIBUTARY_TOPICS_ROLLUPS": topics.rollups,
      "TRIBUTARY_TOPICS_ATTRIBUTIONS": topics.attributions,
      "TRIBUTARY_TOPICS_DEAD_LETTERS": topics.deadLetters,
      "TRIBUTARY_TOPICS_LATE_EVENTS": topics.lateEvents,
    ].merging(reKeying) { $1 }
  }

  /// Makes the topics that are missing.
  public func create(partitions: Int) throws {
    try TopicAdministration(configuration, logger: logger).create(
      partitions: Int32(partitions), replicationFactor: -1
    ) { _, _ in }
  }

  /// Deletes what `create` has made, and the groups of the processor.
  ///
  /// - Parameter inputs: the input topics as well.
  public func delete(inputs: Bool) throws {
    let admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
    let read = Set(configuration.sourceTopics.map(\.name))
    let names = configuration.topicRequirements.map(\.name).filter { inputs || !read.contains($0) }
    try admin.deleteTopics(names, timeoutMilliseconds: 30_000)
    try? admin.deleteGroups(
      ["attribution", "rollups", "rekey"].map { "\(configuration.applicationID)-\($0)" },
      timeoutMilliseconds: 30_000)
  }

  /// Writes `count` records of the workload into the inputs.
  public func fill(_ options: Workload.Options, count: Int) throws {
    var settings = ClientSettings.producer(configuration)
    // A slow broker may take its time; no transaction waits for these records.
    settings["message.timeout.ms"] = "300000"
    let producer = try Producer(settings, logger: logger)
    defer { producer.close() }
    let clicks = try producer.topic(configuration.topics.clicks)
    let conversions = try producer.topic(configuration.topics.conversions)
    var workload = Workload(options)
    for _ in 0..<count {
      try workload.next { kind, key, value, timestamp in
        try producer.produce(
          kind == .click ? clicks : conversions, key: key, value: value, timestamp: timestamp)
      }
    }
    try producer.flush(timeoutMilliseconds: 300_000)
  }
}
