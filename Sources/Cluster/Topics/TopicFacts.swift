import Configuration
import Kafka
import Logging

/// A topic of the contract as it stands.
public struct TopicFacts: Sendable, Equatable {
  public var name: String
  public var role: TopicRequirement.Role
  public var partitions: Int
  /// Copies of the partition that has fewest.
  public var replicas: Int
  /// By name, defaults included; nil where the brokers do not tell.
  public var settings: [String: String]?
  /// Brokers of the cluster that are there.
  public var brokers: Int

  public init(
    name: String, role: TopicRequirement.Role, partitions: Int, replicas: Int,
    settings: [String: String]?, brokers: Int
  ) {
    self.name = name
    self.role = role
    self.partitions = partitions
    self.replicas = replicas
    self.settings = settings
    self.brokers = brokers
  }

  func number(_ setting: String) -> Int64? { settings?[setting].flatMap { Int64($0) } }

  var isCompacted: Bool { policies.contains("compact") }
  var isDeleted: Bool { policies.contains("delete") }

  private var policies: [Substring] {
    (settings?["cleanup.policy"] ?? "").split { $0 == "," || $0 == " " }
  }

  /// How large a batch of records it takes, in bytes.
  var recordLimit: Int { number("max.message.bytes").map { Int($0) } ?? TopicPlan.usualRecordLimit }
}

extension AdminClient {
  /// The topics of the configuration that exist, in its order.
  ///
  /// Settings are left out where this client has no right to see them.
  func facts(
    of configuration: Configuration, logger: Logger
  ) throws(KafkaError) -> [TopicFacts] {
    let required = configuration.topicRequirements
    let found = try describeTopics(required.map(\.name), timeoutMilliseconds: CallTimeout.call)
    var settings: [String: [String: String]]?
    do throws(KafkaError) {
      settings = try describeConfigurations(
        topics: found.map(\.name), timeoutMilliseconds: CallTimeout.call)
    } catch {
      guard error.isForbidden else { throw error }
      logger.warning(
        """
        \(error); the settings of the topics are not checked, and \(TopicPlan.usualRecordLimit) bytes are taken \
        for their max.message.bytes; the right DescribeConfigs shows them
        """)
    }
    let brokers = try brokers(timeoutMilliseconds: CallTimeout.call).count
    return required.compactMap { topic in
      guard let description = found.first(where: { $0.name == topic.name }) else { return nil }
      return TopicFacts(
        name: topic.name, role: topic.role, partitions: description.partitions,
        replicas: description.replicas, settings: settings?[topic.name], brokers: brokers)
    }
  }
}

extension KafkaError {
  /// Whether a right is missing, or the brokers do not know the question.
  var isForbidden: Bool {
    [
      "TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED", "_UNSUPPORTED_FEATURE",
      "UNSUPPORTED_VERSION",
    ].contains(name)
  }
}
