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
    /// Those settings that `create` cares about.
    public var settings: [String: String]
  }

  private let configuration: Configuration
  private let admin: AdminClient

  public init(_ configuration: Configuration, logger: Logger) throws {
    self.configuration = configuration
    admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
  }

  /// Makes the topics that are missing.
  ///
  /// Internal topics follow what is there: the deltas have the rollups' partitions, the state has as
  /// many as the largest input.
  public func create(
    partitions: Int32, replicationFactor: Int32, _ report: (String, CreateResult) -> Void
  ) throws {
    let existing = try counts()
    func count(_ name: String) -> Int32 { existing[name].map(Int32.init) ?? partitions }
    let specifications = configuration.topicRequirements.map { topic in
      var wanted = partitions
      if topic.name == configuration.deltasTopic { wanted = count(configuration.topics.rollups) }
      if topic.name == configuration.stateTopic {
        wanted = configuration.inputTopics.map { count($0.name) }.max() ?? partitions
      }
      return TopicSpecification(
        name: topic.name, partitions: wanted, replicationFactor: replicationFactor,
        settings: topic.settings)
    }
    let missing = specifications.filter { existing[$0.name] == nil }
    let results = try admin.createTopics(missing, timeoutMilliseconds: Timeout.initialization)
    for topic in specifications {
      let result = results[topic.name] ?? .alreadyExists
      if case .failed(let error) = result {
        throw PipelineError("cannot create topic \(topic.name): \(error)")
      }
      report(topic.name, result)
    }
    try waitUntilKnown(missing.map(\.name))
  }

  /// Brokers answer before every one of them has heard of a new topic.
  private func waitUntilKnown(_ names: [String]) throws {
    let deadline = ContinuousClock.now + .seconds(15)
    while try !names.allSatisfy(counts().keys.contains) {
      guard ContinuousClock.now < deadline else {
        throw PipelineError("the new topics do not appear; look at the broker's log")
      }
    }
  }

  /// Every topic of the configuration, in order.
  public func describe() throws -> [State] {
    let counts = try counts()
    let names = configuration.topicRequirements.map(\.name).filter { counts[$0] != nil }
    let settings = try admin.describeConfigurations(
      topics: names, timeoutMilliseconds: Timeout.call)
    return configuration.topicRequirements.map { topic in
      let found = settings[topic.name] ?? [:]
      let shown = Set(topic.settings.keys).union(["cleanup.policy"])
      return State(
        name: topic.name, partitions: counts[topic.name],
        settings: found.filter { shown.contains($0.key) })
    }
  }

  private func counts() throws -> [String: Int] {
    let found = try admin.describeTopics(
      configuration.topicRequirements.map(\.name), timeoutMilliseconds: Timeout.call)
    return Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.partitions) })
  }
}
