import Configuration
import Kafka

/// A right that a broker has refused: which one it is, and the command that grants it.
///
/// Kafka does not say which right it misses, and of a transaction not even the topic; what a topic is for tells.
public enum MissingRight {
  /// An error in one line, with what to grant if a right is missing.
  public static func text(of error: any Error, _ configuration: Configuration) -> String {
    guard let error = error as? KafkaError, let advice = advice(on: error, configuration) else {
      return "\(error)"
    }
    return "\(error); \(advice)"
  }

  private static func advice(on error: KafkaError, _ configuration: Configuration) -> String? {
    let application = configuration.applicationID
    switch error.name {
    case "TOPIC_AUTHORIZATION_FAILED":
      guard let topic = topic(of: error, configuration) else {
        return
          "one of the topics that are written lacks the right Write: `tributary config check` says which"
      }
      return grant(operations(of: error, on: topic, configuration), "topic", topic, configuration)
    case "GROUP_AUTHORIZATION_FAILED":
      return grant(["Read"], "group", "\(application)-", isPrefix: true, configuration)
    case "TRANSACTIONAL_ID_AUTHORIZATION_FAILED":
      return grant(["Write"], "transactional-id", "\(application)-", isPrefix: true, configuration)
    case "CLUSTER_AUTHORIZATION_FAILED":
      return grant(["Create"], "cluster", nil, configuration)
    default: return nil
    }
  }

  private static func topic(of error: KafkaError, _ configuration: Configuration) -> String? {
    if let subject = error.subject { return subject }
    // "read clicks[3]"
    guard error.operation.hasPrefix("read "), error.operation.hasSuffix("]") else { return nil }
    return configuration.topicRequirements.map(\.name)
      .first { error.operation.hasPrefix("read \($0)[") }
  }

  /// What the topic is for, and in any case what was refused.
  private static func operations(
    of error: KafkaError, on topic: String, _ configuration: Configuration
  ) -> [String] {
    if error.operation.hasPrefix("deliver ") { return ["Write"] }
    switch configuration.topicRequirements.first(where: { $0.name == topic })?.role {
    case .input?, nil: return ["Read"]
    case .rollups?, .deltas?, .state?, .keyed?, .keyedPositions?: return ["Read", "Write"]
    case .attributions?, .deadLetters?, .lateEvents?, .accepted?:
      return error.operation.hasPrefix("read ") ? ["Read"] : ["Write"]
    }
  }

  private static func grant(
    _ operations: [String], _ kind: String, _ name: String?, isPrefix: Bool = false,
    _ configuration: Configuration
  ) -> String {
    let rights = operations.joined(separator: " and ")
    let subject = name.map { isPrefix ? "\(kind)s \($0)*" : "\(kind) \($0)" } ?? "the \(kind)"
    let options = operations.map { "--operation \($0)" }.joined(separator: " ")
    return "the right \(rights) on \(subject) is missing: `kafka-acls.sh --bootstrap-server "
      + "\(configuration.bootstrapServers) --add --allow-principal User:NAME \(options) --\(kind)"
      + (name.map { " \($0)" } ?? "")
      + (isPrefix ? " --resource-pattern-type prefixed" : "") + "` grants it"
  }
}
