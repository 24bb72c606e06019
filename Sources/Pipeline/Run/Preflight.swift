import Configuration
import Kafka
import Logging

/// Looks at the cluster before anything runs: what is missing or does not fit is said in one line.
public struct Preflight {
  let configuration: Configuration
  let logger: Logger
  private let admin: AdminClient

  public init(_ configuration: Configuration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
  }

  /// The plan for running, once every topic is there and the partition counts fit.
  public func plan() throws -> TopicPlan {
    let found = Dictionary(
      uniqueKeysWithValues: try admin.describeTopics(
        configuration.topicRequirements.map(\.name), timeoutMilliseconds: Timeout.call
      ).map { ($0.name, $0.partitions) })
    let missing = configuration.topicRequirements.map(\.name).filter { found[$0] == nil }
    guard missing.isEmpty else {
      throw PipelineError(
        "missing topic\(missing.count == 1 ? "" : "s") \(missing.joined(separator: ", ")) at "
          + "\(configuration.bootstrapServers); `tributary topics create` makes them")
    }
    let keyed = configuration.inputTopics.filter { $0.kind != .cost }
    guard Set(keyed.map { found[$0.name]! }).count == 1 else {
      let counts = keyed.map { "\($0.name) has \(found[$0.name]!)" }.joined(separator: ", ")
      throw PipelineError(
        "the keyed inputs need equal partition counts, so that one user's events meet: \(counts); "
          + "recreate or extend the smaller topics")
    }
    let rollups = found[configuration.topics.rollups]!
    guard found[configuration.deltasTopic] == rollups else {
      throw PipelineError(
        "\(configuration.deltasTopic) has \(found[configuration.deltasTopic]!) partitions and "
          + "\(configuration.topics.rollups) has \(rollups); they must be equal: delete "
          + "\(configuration.deltasTopic) and run `tributary topics create`")
    }
    let tasks = configuration.inputTopics.map { found[$0.name]! }.max()!
    guard found[configuration.stateTopic]! >= tasks else {
      throw PipelineError(
        "\(configuration.stateTopic) has \(found[configuration.stateTopic]!) partitions, fewer "
          + "than the inputs' \(tasks); delete it before the first run and run "
          + "`tributary topics create`")
    }
    return TopicPlan(
      inputTopics: configuration.inputTopics, taskCount: Int32(found[keyed[0].name]!),
      costPartitions: Int32(configuration.topics.costs.map { found[$0]! } ?? 0),
      rollupPartitions: Int32(rollups))
  }
}
