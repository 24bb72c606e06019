import Configuration
import Foundation
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
      /// How many records at most: marks of transactions and compacted records count too.
      public var records: Int64
    }

    public var topics: [Topic]
    public var groups: [String]
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
    if !keepsSetAside { names += [topics.deadLetters, topics.lateEvents] }
    let found = try admin.describeTopics(names, timeoutMilliseconds: Timeout.call)
    let reader = try Consumer(ClientSettings.probe(configuration), logger: logger)
    defer { reader.close(timeoutMilliseconds: 0) }
    return Plan(
      topics: try found.map { topic in
        let records = try (0..<Int32(topic.partitions)).reduce(Int64(0)) { sum, number in
          let offsets = try reader.watermarkOffsets(
            TopicPartition(topic: topic.name, partition: number),
            timeoutMilliseconds: Timeout.call)
          return sum + offsets.high - offsets.low
        }
        return Plan.Topic(name: topic.name, partitions: topic.partitions, records: records)
      },
      groups: ["attribution", "rollups"].map { "\(configuration.applicationID)-\($0)" })
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
      try admin.deleteGroups(plan.groups, timeoutMilliseconds: Timeout.initialization)
    } catch {
      guard error.name == "NON_EMPTY_GROUP" else { throw error }
      if ignoresMembers {
        try rewind(plan.groups)
      } else {
        throw PipelineError(
          "nothing was deleted: a processor of \(configuration.applicationID) is running, or ended less "
            + "than session.timeout.ms ago; stop it and try again (\(error.operation))")
      }
    }
    do {
      try admin.deleteTopics(plan.topics.map(\.name), timeoutMilliseconds: Timeout.initialization)
      try create(plan.topics, replicationFactor)
    } catch let error as KafkaError {
      throw PipelineError("the reset is half done, run it again before anything else: \(error)")
    }
  }

  /// Sets every offset that a group has committed to 0. In a transaction, because brokers take that from
  /// somebody who is no member.
  private func rewind(_ groups: [String]) throws {
    let names = configuration.inputTopics.map(\.name) + [configuration.deltasTopic]
    let topics = try admin.describeTopics(names, timeoutMilliseconds: Timeout.call)
    let partitions = topics.flatMap { topic in
      (0..<Int32(topic.partitions)).map { TopicPartition(topic: topic.name, partition: $0) }
    }
    var settings = ClientSettings.producer(configuration)
    settings["transactional.id"] = "\(configuration.applicationID)-reset"
    let producer = try TransactionalProducer(settings, logger: logger)
    defer { producer.close() }
    try producer.initTransactions(timeoutMilliseconds: Timeout.initialization)
    try producer.begin()
    for group in groups {
      var settings = ClientSettings.probe(configuration)
      settings["group.id"] = group
      let reader = try Consumer(settings, logger: logger)
      defer { reader.close(timeoutMilliseconds: 0) }
      let committed = try reader.committed(partitions, timeoutMilliseconds: Timeout.call)
      try producer.sendOffsets(
        committed.compactMapValues { $0 }.mapValues { _ in 0 },
        group: ConsumerGroupMetadata(group: group), timeoutMilliseconds: Timeout.call)
    }
    try producer.commit(timeoutMilliseconds: Timeout.commit)
  }

  /// Brokers say that a topic is deleted before all of them have forgotten it.
  private func create(_ topics: [Plan.Topic], _ replicationFactor: Int32) throws {
    let settings = Dictionary(
      uniqueKeysWithValues: configuration.topicRequirements.map { ($0.name, $0.settings) })
    var missing = topics
    let deadline = ContinuousClock.now + .seconds(30)
    while true {
      let results = try admin.createTopics(
        missing.map {
          TopicSpecification(
            name: $0.name, partitions: Int32($0.partitions), replicationFactor: replicationFactor,
            settings: settings[$0.name] ?? [:])
        }, timeoutMilliseconds: Timeout.initialization)
      missing.removeAll { results[$0.name] == .created }
      guard let first = missing.first else { return }
      guard results[first.name] == .alreadyExists, ContinuousClock.now < deadline else {
        throw PipelineError(
          "cannot make topic \(first.name) again: \(results[first.name].map { "\($0)" } ?? "no answer"); "
            + "run the reset again before anything else")
      }
      Thread.sleep(forTimeInterval: 0.5)
    }
  }
}
