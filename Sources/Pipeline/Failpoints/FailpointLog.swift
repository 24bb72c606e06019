import Cluster
import Configuration
import Kafka

/// A log whose clients of one stage pass a failpoint at every step of a commit.
public struct FailpointLog: Log {
  private let base: any Log
  private let failpoint: Failpoint
  private let group: String
  private let stateTopic: String

  public init(_ base: any Log, _ failpoint: Failpoint, configuration: Configuration) {
    self.base = base
    self.failpoint = failpoint
    group = "\(configuration.applicationID)-\(failpoint.stage.rawValue)"
    stateTopic = configuration.stateTopic
  }

  public func makeConsumer(group: String, member: String) throws -> any LogConsumer {
    let consumer = try base.makeConsumer(group: group, member: member)
    return group == self.group ? FailpointConsumer(consumer, failpoint) : consumer
  }

  public func makeProducer(transactionalID: String) throws -> any LogProducer {
    let producer = try base.makeProducer(transactionalID: transactionalID)
    // Transactional ids begin with the group's name.
    return transactionalID.hasPrefix("\(group)-")
      ? FailpointProducer(producer, failpoint, stateTopic: stateTopic) : producer
  }

  public func scan(from starts: [TopicPartition: Int64]) throws -> any LogScan {
    try base.scan(from: starts)
  }

  public func scan(
    from starts: [TopicPartition: Int64], to ends: [TopicPartition: Int64]
  ) throws -> any LogScan {
    try base.scan(from: starts, to: ends)
  }

  public var prober: any LogProber { base.prober }

  public func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try base.ends(of: partitions)
  }

  public func deleteRecords(before offsets: [TopicPartition: Int64]) throws {
    try base.deleteRecords(before: offsets)
  }
}

private final class FailpointConsumer: LogConsumer {
  let base: any LogConsumer
  private let failpoint: Failpoint
  /// Whether something has been committed since the last poll.
  var hasCommitted = false

  init(_ base: any LogConsumer, _ failpoint: Failpoint) {
    self.base = base
    self.failpoint = failpoint
  }

  func poll() throws {
    if hasCommitted { failpoint.reach(.beforePoll) }
    hasCommitted = false
    try base.poll()
  }

  func subscribe(_ topics: [String], onRebalance: @escaping (Rebalance) -> Void) throws {
    try base.subscribe(topics, onRebalance: onRebalance)
  }
  func wait(milliseconds: Int32) { base.wait(milliseconds: milliseconds) }
  var waker: @Sendable () -> Void { base.waker }
  func reader(
    of partition: TopicPartition, from offset: Int64, end: Int64
  ) throws -> any LogReader {
    try base.reader(of: partition, from: offset, end: end)
  }
  func startOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try base.startOffsets(partitions)
  }
  func close() { base.close() }
}

private final class FailpointProducer: LogProducer {
  private let base: any LogProducer
  private let failpoint: Failpoint
  private let stateTopic: String
  /// Whose offsets are part of the open transaction.
  private var consumer: FailpointConsumer?

  init(_ base: any LogProducer, _ failpoint: Failpoint, stateTopic: String) {
    self.base = base
    self.failpoint = failpoint
    self.stateTopic = stateTopic
  }

  func begin() throws {
    failpoint.reach(.beforeBegin)
    try base.begin()
    failpoint.reach(.afterBegin)
  }

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    let isChangelog = isChangelog(topic, key)
    failpoint.reach(isChangelog ? .beforeChangelog : .beforeProduce)
    try base.produce(
      topic, partition: partition, key: key, value: value, timestamp: timestamp, headers: headers)
    failpoint.reach(isChangelog ? .afterChangelog : .afterProduce)
  }

  /// The rollups are their own changelog, but for the progress record (`@…`).
  private func isChangelog(_ topic: String, _ key: UnsafeRawBufferPointer?) -> Bool {
    switch failpoint.stage {
    case .attribution: topic == stateTopic
    case .rollups: key?.first == UInt8(ascii: "@")
    }
  }

  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {
    let wrapper = consumer as? FailpointConsumer
    self.consumer = wrapper
    failpoint.reach(.beforeSendOffsets)
    try base.sendOffsets(offsets, of: wrapper?.base ?? consumer)
    failpoint.reach(.afterSendOffsets)
  }

  func commit() throws {
    failpoint.reach(.beforeCommit)
    try base.commit()
    failpoint.reach(.afterCommit)
    consumer?.hasCommitted = true
  }

  func abort() throws { try base.abort() }
  func close() { base.close() }
}
