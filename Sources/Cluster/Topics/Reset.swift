import Configuration
import Kafka
import Logging

/// Takes back all that the processor has written and remembered, so that the next run starts from the
/// beginning of the inputs.
///
/// All of it or nothing: the rollup stage adds to what the rollups hold, so that a second first run
/// over rollups that were left standing would count everything twice. Inputs are never touched.
public struct Reset {
  /// What is to be deleted.
  public struct Plan: Sendable {
    public struct Topic: Sendable {
      public var name: String
      public var partitions: Int
      public var replicas: Int
      /// The topic's own settings, which it keeps.
      public var settings: [String: String]
      /// How many records at most: marks of transactions and compacted records count too.
      public var records: Int64
    }

    public var topics: [Topic]
    public var groups: [String]
    /// Topics that are missing, as a reset that was interrupted leaves them; they are made again.
    public var missing: [Topic] = []
  }

  private let configuration: Configuration
  private let logger: Logger
  private let admin: AdminClient

  public init(_ configuration: Configuration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
  }

  /// - Parameter keepsSetAside: leaves dead letters and late events, which the next run will write
  ///   again.
  public func plan(keepsSetAside: Bool) throws -> Plan {
    let topics = configuration.topics
    var names = [
      topics.rollups, topics.attributions, configuration.deltasTopic, configuration.stateTopic,
    ]
    names += configuration.topicRequirements.filter {
      $0.role == .keyed || $0.role == .keyedPositions
    }.map(\.name)
    if let accepted = topics.accepted { names.append(accepted) }
    if !keepsSetAside { names += [topics.deadLetters, topics.lateEvents] }
    let found = try admin.describeTopics(names, timeoutMilliseconds: CallTimeout.initialization)
    let settings = try ownSettings(found.map(\.name))
    let reader = try Consumer(ClientSettings.probe(configuration), logger: logger)
    defer { reader.close(timeoutMilliseconds: 0) }
    var plan = Plan(
      topics: try found.map { topic in
        let records = try (0..<Int32(topic.partitions)).reduce(Int64(0)) { sum, number in
          let offsets = try reader.watermarkOffsets(
            TopicPartition(topic: topic.name, partition: number),
            timeoutMilliseconds: CallTimeout.initialization)
          return sum + offsets.high - offsets.low
        }
        return Plan.Topic(
          name: topic.name, partitions: topic.partitions, replicas: topic.replicas,
          settings: settings?[topic.name] ?? requiredSettings(topic.name), records: records)
      },
      groups: stages.map { "\(configuration.applicationID)-\($0)" })
    plan.missing = missing(names, found)
    return plan
  }

  private var stages: [String] {
    ["attribution", "rollups"] + (configuration.rekeyedTopics.isEmpty ? [] : ["rekey"])
  }

  /// What a topic has been given beside the brokers' defaults; nil where this client may not see it.
  private func ownSettings(_ names: [String]) throws -> [String: [String: String]]? {
    do throws(KafkaError) {
      let found = try admin.describeSettings(names, timeoutMilliseconds: CallTimeout.initialization)
      return found.mapValues { $0.filter(\.value.isOwn).mapValues(\.value) }
    } catch {
      guard error.isForbidden else { throw error }
      logger.warning("\(error); the topics are made again with the settings of `topics create`")
      return nil
    }
  }

  private func requiredSettings(_ name: String) -> [String: String] {
    configuration.topicRequirements.first { $0.name == name }?.settings ?? [:]
  }

  /// Topics that an earlier reset has deleted and not made again: with the partitions, replicas and settings that
  /// those that are left suggest.
  private func missing(_ names: [String], _ found: [TopicDescription]) -> [Plan.Topic] {
    guard !found.isEmpty else { return [] }
    return names.filter { name in !found.contains { $0.name == name } }.map { name in
      // The rollups and deltas have one number of partitions.
      let twins: Set = [configuration.topics.rollups, configuration.deltasTopic]
      let like =
        found.first { twins.contains(name) && twins.contains($0.name) }
        ?? found.max { $0.partitions < $1.partitions }!
      let isSingle = name == configuration.keyedPositionsTopic
      return Plan.Topic(
        name: name, partitions: isSingle ? 1 : like.partitions, replicas: like.replicas,
        settings: requiredSettings(name), records: 0)
    }
  }

  /// Deletes what `plan` says and makes the topics again, empty.
  ///
  /// The groups go first: a broker refuses to delete one that has members, and then nothing is lost.
  ///
  /// - Parameter ignoresMembers: take a group back to the beginning even if it has members.
  public func carryOut(
    _ plan: Plan, replicationFactor: Int32, ignoresMembers: Bool = false
  ) throws {
    do {
      try Retry(limit: .milliseconds(2 * CallTimeout.initialization), logger: logger)(
        { () throws(KafkaError) in
          try admin.deleteGroups(plan.groups, timeoutMilliseconds: CallTimeout.initialization)
        })
    } catch {
      guard error.name == "NON_EMPTY_GROUP" else { throw error }
      if ignoresMembers {
        try rewind(plan.groups)
      } else {
        throw OperatorError(
          "nothing was deleted: a processor of \(configuration.applicationID) is running, or ended less "
            + "than session.timeout.ms ago; stop it and try again (\(error.operation))")
      }
    }
    do {
      try admin.removeTopics(plan.topics.map(\.name), logger: logger)
      try create(plan.topics + plan.missing, replicationFactor)
    } catch {
      throw OperatorError("the reset is half done, run it again before anything else: \(error)")
    }
  }

  /// Sets every offset that a group has committed to 0. In a transaction, because brokers take that from
  /// somebody who is no member.
  private func rewind(_ groups: [String]) throws {
    let sources = configuration.inputTopics + configuration.rekeyedTopics
    let names = Array(Set(sources.map(\.name))) + [configuration.deltasTopic]
    let topics = try admin.describeTopics(names, timeoutMilliseconds: CallTimeout.call)
    let partitions = topics.flatMap { topic in
      (0..<Int32(topic.partitions)).map { TopicPartition(topic: topic.name, partition: $0) }
    }
    var settings = ClientSettings.producer(configuration)
    settings["transactional.id"] = "\(configuration.applicationID)-reset"
    let producer = try TransactionalProducer(settings, logger: logger)
    defer { producer.close() }
    try producer.initTransactions(timeoutMilliseconds: CallTimeout.initialization)
    try producer.begin()
    for group in groups {
      var settings = ClientSettings.probe(configuration)
      settings["group.id"] = group
      let reader = try Consumer(settings, logger: logger)
      defer { reader.close(timeoutMilliseconds: 0) }
      let committed = try reader.committed(partitions, timeoutMilliseconds: CallTimeout.call)
      try producer.sendOffsets(
        committed.compactMapValues { $0 }.mapValues { _ in 0 },
        group: ConsumerGroupMetadata(group: group), timeoutMilliseconds: CallTimeout.call)
    }
    try producer.commit(timeoutMilliseconds: CallTimeout.commit)
  }

  private func create(_ topics: [Plan.Topic], _ replicationFactor: Int32) throws {
    let specifications = topics.map {
      TopicSpecification(
        name: $0.name, partitions: Int32($0.partitions),
        replicationFactor: replicationFactor == -1 ? Int32($0.replicas) : replicationFactor,
        settings: $0.settings)
    }
    _ = try admin.makeTopics(specifications, isExpectedAnew: true, logger: logger)
  }
}
