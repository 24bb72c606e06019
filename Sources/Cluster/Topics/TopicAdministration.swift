import Attribution
import Configuration
import Kafka
import Logging

/// Makes and describes the topics of the contract.
public struct TopicAdministration {
  /// A topic as it stands.
  public struct State: Sendable {
    public var name: String
    /// nil: the topic does not exist.
    public var partitions: Int?
    public var replicas: Int?
    /// Those settings that `create` and the checks care about.
    public var settings: [String: String]
    /// What does not fit.
    public var findings: [TopicCheck.Finding]
  }

  private let configuration: Configuration
  private let logger: Logger
  private let admin: AdminClient

  public init(_ configuration: Configuration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
  }

  /// Makes the topics that are missing, and comes back when they can be used.
  ///
  /// Internal topics follow what is there: the deltas have the rollups' partitions, the state has as
  /// many as the largest input that tasks read, re-keyed inputs as many as `rekey_partitions` or the other inputs.
  ///
  /// - Parameter replicationFactor: copies of each partition; -1 leaves it to the brokers, and is never replaced by
  ///   fewer.
  public func create(
    partitions: Int32, replicationFactor: Int32, _ report: (String, CreateResult) -> Void
  ) throws {
    let existing = try counts()
    func count(_ name: String) -> Int32 { existing[name].map(Int32.init) ?? partitions }
    func keyedCount(_ kind: EventKind) -> Int32 {
      if let found = existing[configuration.keyedTopic(kind)] { return Int32(found) }
      if configuration.rekeyPartitions > 0 { return Int32(configuration.rekeyPartitions) }
      let rekeyed = Set(configuration.rekeyedTopics.map(\.name))
      let sources = configuration.sourceTopics.filter { $0.isCosts == (kind == .cost) }
      // As many as those with which they are joined; where all are re-keyed, as the largest of them.
      let direct = sources.filter { !rekeyed.contains($0.name) }
      return (direct.isEmpty ? sources : direct).map { count($0.name) }.max() ?? partitions
    }
    func inputCount(_ topic: TopicPlan.InputTopic) -> Int32 {
      topic.name == configuration.keyedTopic(topic.kinds[0])
        ? keyedCount(topic.kinds[0]) : count(topic.name)
    }
    let specifications = configuration.topicRequirements.map { topic in
      var wanted = partitions
      switch topic.role {
      case .deltas: wanted = count(configuration.topics.rollups)
      case .state: wanted = configuration.inputTopics.map(inputCount).max() ?? partitions
      case .keyed:
        wanted = configuration.inputTopics.first { $0.name == topic.name }.map(inputCount)!
      case .keyedPositions: wanted = 1
      default: break
      }
      return TopicSpecification(
        name: topic.name, partitions: wanted, replicationFactor: replicationFactor,
        settings: topic.settings)
    }
    let missing = specifications.filter { existing[$0.name] == nil }
    let results = try admin.makeTopics(missing, logger: logger)
    for topic in specifications { report(topic.name, results[topic.name] ?? .alreadyExists) }
    try sayIfSingle(missing.map(\.name))
  }

  /// Makes a compacted topic of one partition, if it is missing, and comes back when it can be used.
  public func createCompacted(_ name: String) throws {
    guard try admin.describeTopics([name], timeoutMilliseconds: CallTimeout.call).isEmpty else {
      return
    }
    let topic = TopicSpecification(
      name: name, partitions: 1, settings: ["cleanup.policy": "compact"])
    _ = try admin.makeTopics([topic], logger: logger)
  }

  private func sayIfSingle(_ names: [String]) throws {
    guard !names.isEmpty else { return }
    let single = try admin.describeTopics(names, timeoutMilliseconds: CallTimeout.call)
      .filter { $0.replicas == 1 }.map(\.name)
    guard !single.isEmpty else { return }
    logger.warning(
      """
      \(single.count) new topic\(single.count == 1 ? " has" : "s have") replication factor 1: what its broker loses \
      is lost; --replication-factor 3 is usual where there are three brokers
      """)
  }

  /// Every topic of the configuration, in order.
  public func describe() throws -> [State] {
    let facts = try admin.facts(of: configuration, logger: logger)
    let findings = TopicCheck.findings(facts, configuration)
    return configuration.topicRequirements.map { topic in
      let found = facts.first { $0.name == topic.name }
      let shown = Set(topic.settings.keys).union(TopicAdministration.shown)
      return State(
        name: topic.name, partitions: found?.partitions, replicas: found?.replicas,
        settings: (found?.settings ?? [:]).filter { shown.contains($0.key) },
        findings: findings.filter { $0.topic == topic.name })
    }
  }

  private static let shown = ["cleanup.policy", "max.message.bytes", "min.insync.replicas"]

  private func counts() throws -> [String: Int] {
    let found = try admin.describeTopics(
      configuration.topicRequirements.map(\.name), timeoutMilliseconds: CallTimeout.initialization)
    return Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.partitions) })
  }
}
