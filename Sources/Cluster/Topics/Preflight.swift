import Configuration
import Kafka
import Logging

/// Looks at the cluster before anything runs: what is missing or does not fit is said in one line.
public struct Preflight {
  package let configuration: Configuration
  package let logger: Logger
  private let admin: AdminClient

  public init(_ configuration: Configuration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
  }

  /// Runs `body` again and again while its questions get answers that pass by themselves, for as long as it takes:
  /// whoever waits for it can end the process.
  ///
  /// - Parameter isFirst: whether no broker has been reached yet: that none can be is an error then, since the
  ///   address may be wrong.
  public func withPatience<Result>(
    isFirst: Bool, _ body: () throws -> Result
  ) throws -> Result {
    try Retry(limit: nil, logger: logger)(
      {
        do { return try body() } catch let error as KafkaError
          where isFirst && error.reachesNoBroker
        {
          throw PipelineError("\(error)")
        }
      })
  }

  /// Looks at the settings of every topic: refuses what would corrupt the numbers, and warns of what is dangerous,
  /// a line each.
  public func checkSettings(_ topics: [TopicFacts]) throws {
    let findings = TopicCheck.findings(topics, configuration)
    for finding in findings where finding.severity == .warned { logger.warning("\(finding)") }
    let refused = findings.filter { $0.severity == .refused }
    guard refused.isEmpty else {
      throw PipelineError(refused.map(\.description).joined(separator: "; "))
    }
  }

  /// The topics of the configuration that exist, as they stand.
  ///
  /// Of several brokers one may not have heard yet of a topic that was just made.
  public func facts() throws -> [TopicFacts] {
    let began = ContinuousClock.now
    var backOff = BackOff()
    while true {
      let facts = try admin.facts(of: configuration, logger: logger)
      if facts.count == configuration.topicRequirements.count { return facts }
      let brokers = try admin.brokers(timeoutMilliseconds: CallTimeout.call).count
      guard brokers > 1, began.duration(to: .now) < .seconds(3) else { return facts }
      backOff.rest(backOff.next())
    }
  }

  /// The plan for running, once every topic is there and the partition counts fit.
  public func plan() throws -> TopicPlan { try plan(facts()) }

  /// The plan for running with topics that stand so.
  public func plan(_ facts: [TopicFacts]) throws -> TopicPlan {
    let found = Dictionary(uniqueKeysWithValues: facts.map { ($0.name, $0.partitions) })
    let missing = configuration.topicRequirements.map(\.name).filter { found[$0] == nil }
    guard missing.isEmpty else {
      throw PipelineError(
        "missing topic\(missing.count == 1 ? "" : "s") \(missing.joined(separator: ", ")) at "
          + "\(configuration.bootstrapServers); `tributary topics create` makes them")
    }
    let inputs = configuration.inputTopics
    guard !inputs.isEmpty else {
      throw PipelineError(
        "inputs has no topic, so there is nothing to process; add one, or leave inputs out")
    }
    let keyed = inputs.filter { !$0.isCosts }
    guard !keyed.isEmpty else {
      throw PipelineError("inputs has costs alone; add a topic of touches or conversions")
    }
    guard Set(keyed.map { found[$0.name]! }).count <= 1 else {
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
    let costs = inputs.filter(\.isCosts)
    guard Set(costs.map { found[$0.name]! }).count <= 1 else {
      let counts = costs.map { "\($0.name) has \(found[$0.name]!)" }.joined(separator: ", ")
      throw PipelineError(
        "the topics of costs need equal partition counts: \(counts); recreate or extend the smaller topics"
      )
    }
    let tasks = inputs.map { found[$0.name]! }.max()!
    guard found[configuration.stateTopic]! >= tasks else {
      throw PipelineError(
        "\(configuration.stateTopic) has \(found[configuration.stateTopic]!) partitions, fewer "
          + "than the inputs' \(tasks); delete it before the first run and run "
          + "`tributary topics create`")
    }
    return TopicPlan(
      inputTopics: inputs, taskCount: Int32(found[keyed[0].name]!),
      costPartitions: Int32(costs.first.map { found[$0.name]! } ?? 0),
      rollupPartitions: Int32(rollups),
      recordLimits: Dictionary(
        uniqueKeysWithValues: facts.filter { $0.role != .input }.map { ($0.name, $0.recordLimit) }))
  }
}
