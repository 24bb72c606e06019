import Configuration
import Kafka
import Logging

/// The log of a Kafka cluster.
///
/// Shared by all workers: it only makes clients, each of which belongs to the worker that asked.
public struct KafkaLog: ArchiveLog {
  private let configuration: Configuration
  private let logger: Logger
  private let plan: TopicPlan
  private let prefetch: Prefetch
  private let turns = FetchTurns()
  public let prober: any LogProber

  public init(_ configuration: Configuration, plan: TopicPlan, logger: Logger) {
    self.configuration = configuration
    self.plan = plan
    self.logger = logger
    prober = KafkaLogProber(configuration, logger: logger)
    // Costs and deltas hardly count: they are a trickle beside the keyed inputs.
    prefetch = Prefetch(
      partitions: Int(plan.taskCount) * plan.inputTopics.filter { !$0.isCosts }.count)
  }

  public func makeConsumer(group: String, member: String) throws -> any LogConsumer {
    var settings = ClientSettings.member(configuration, prefetch: prefetch)
    settings["group.id"] = group
    if !member.isEmpty { settings["group.instance.id"] = member }
    return KafkaLogConsumer(
      try Consumer(settings, logger: logger),
      start: StaggeredStart(prefetch: prefetch, turns: turns),
      packed: Set(plan.rekeyings.map(\.target)))
  }

  public func makeProducer(transactionalID: String) throws -> any LogProducer {
    let producer = try TransactionalProducer(
      ClientSettings.transactions(configuration, plan, id: transactionalID), logger: logger,
      produceTimeoutMilliseconds: CallTimeout.call)
    let retry = Retry(limit: .milliseconds(CallTimeout.initialization), logger: logger)
    try retry { () throws(KafkaError) in
      try producer.initTransactions(timeoutMilliseconds: CallTimeout.initialization)
    }
    return KafkaLogProducer(producer, plan, logger: logger) {
      ClientSettings.topic($0, configuration)
    }
  }

  public func scan(from starts: [TopicPartition: Int64]) throws -> any LogScan {
    try scan(from: starts, to: try ends(of: Array(starts.keys)))
  }

  public func scan(
    from starts: [TopicPartition: Int64], to ends: [TopicPartition: Int64]
  ) throws -> any LogScan {
    try KafkaLogScan(starts, ends: ends, configuration, logger: logger)
  }
}

extension KafkaLog {
  public func partitionCount(of topic: String) throws -> Int {
    try withProbe { try $0.partitionCount(of: topic, timeoutMilliseconds: CallTimeout.call) ?? 0 }
  }

  public func starts(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try withProbe { probe in
      try Dictionary(
        uniqueKeysWithValues: partitions.map {
          ($0, try probe.watermarkOffsets($0, timeoutMilliseconds: CallTimeout.call).low)
        })
    }
  }

  public func offsets(
    of partitions: [TopicPartition], atOrAfter time: Int64
  ) throws -> [TopicPartition: Int64] {
    let times = Dictionary(uniqueKeysWithValues: partitions.map { ($0, max(0, time)) })
    return try withProbe { try $0.offsets(forTimes: times, timeoutMilliseconds: CallTimeout.call) }
  }

  public func makeCompactedTopic(_ name: String) throws {
    let admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
    let topic = TopicSpecification(
      name: name, partitions: 1, replicationFactor: -1, settings: ["cleanup.policy": "compact"])
    _ = try admin.makeTopics([topic], logger: logger)
  }

  private func withProbe<Result>(_ body: (Consumer) throws -> Result) throws -> Result {
    let probe = try Consumer(ClientSettings.probe(configuration), logger: logger)
    defer { probe.close(timeoutMilliseconds: 0) }
    return try body(probe)
  }

  public func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try withProbe { try $0.endOffsets(partitions, timeoutMilliseconds: CallTimeout.call) }
  }

  public func deleteRecords(before offsets: [TopicPartition: Int64]) throws {
    let admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
    try admin.deleteRecords(before: offsets, timeoutMilliseconds: CallTimeout.tidying)
  }
}
