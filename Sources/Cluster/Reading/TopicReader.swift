import Configuration
import Foundation
import Kafka
import Logging

/// Reads whole topics outside any group, committed records only. For one thread.
package final class TopicReader {
  package static let callTimeout: Int32 = 45_000
  private let consumer: Consumer
  private let probe: Consumer
  private let configuration: Configuration
  private let logger: Logger
  /// Never subscribe, so they join no group: they only ask what one has committed.
  private var members: [String: Consumer] = [:]
  private let batch = RecordBatch(capacity: 4_096)
  /// Topics whose messages hold several records.
  private let packed: Set<String>
  /// Called now and then while records are read; what it throws ends the reading.
  package var check: () throws -> Void = {}

  package init(_ configuration: Configuration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    packed = Set(configuration.rekeyings { _ in 0 }.map(\.target))
    consumer = try Consumer(ClientSettings.consumer(configuration), logger: logger)
    probe = try Consumer(ClientSettings.probe(configuration), logger: logger)
  }

  package func close() {
    consumer.close(timeoutMilliseconds: 0)
    probe.close(timeoutMilliseconds: 0)
    for member in members.values { member.close(timeoutMilliseconds: 0) }
  }

  /// The partitions of the topics, in order.
  package func partitions(of topics: [String]) throws -> [TopicPartition] {
    try topics.flatMap { topic in
      let count = try consumer.partitionCount(of: topic, timeoutMilliseconds: Self.callTimeout)
      return (0..<Int32(count ?? 0)).map { TopicPartition(topic: topic, partition: $0) }
    }
  }

  /// Where committed records end; open transactions are beyond.
  package func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try consumer.endOffsets(partitions, timeoutMilliseconds: Self.callTimeout)
  }

  /// Where the logs end, open transactions included.
  package func uncommittedEnds(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try probe.endOffsets(partitions, timeoutMilliseconds: Self.callTimeout)
  }

  /// What a group has committed; partitions without a committed offset are absent.
  package func committed(
    _ partitions: [TopicPartition], by group: String
  ) throws -> [TopicPartition: Int64] {
    if members[group] == nil {
      var settings = ClientSettings.consumer(configuration)
      settings["group.id"] = group
      members[group] = try Consumer(settings, logger: logger)
    }
    return try members[group]!.committed(partitions, timeoutMilliseconds: Self.callTimeout)
      .compactMapValues { $0 }
  }

  /// The oldest offset that the log still has.
  package func start(of partition: TopicPartition) throws -> Int64 {
    try consumer.watermarkOffsets(partition, timeoutMilliseconds: Self.callTimeout).low
  }

  /// The first offset of each partition whose record has this timestamp or a later one.
  package func offsets(
    of partitions: [TopicPartition], atOrAfter time: Int64
  ) throws -> [TopicPartition: Int64] {
    let times = Dictionary(uniqueKeysWithValues: partitions.map { ($0, max(time, 0)) })
    return try consumer.offsets(forTimes: times, timeoutMilliseconds: Self.callTimeout)
  }

  /// Reads each partition to its end, one after the other; all are fetched at once.
  ///
  /// - Parameters:
  ///   - ends: the first offset of each partition that is not wanted.
  ///   - start: where to begin; the oldest record by default.
  ///   - body: gets each record, lent; false ends the reading.
  package func read(
    through ends: [TopicPartition: Int64], from start: Int64 = LogicalOffset.beginning,
    _ body: (TopicPartition, Record) throws -> Bool
  ) throws {
    try read(through: ends, from: ends.mapValues { _ in start }, body)
  }

  /// As the other `read`, beginning at an offset of its own in each partition.
  package func read(
    through ends: [TopicPartition: Int64], from starts: [TopicPartition: Int64],
    _ body: (TopicPartition, Record) throws -> Bool
  ) throws {
    let wanted = ends.filter { $0.value > starts[$0.key] ?? 0 && $0.value > 0 }
    guard !wanted.isEmpty else { return }
    try consumer.assign(
      wanted.keys.sorted().map { ($0, offset: starts[$0] ?? LogicalOffset.beginning) })
    defer { consumer.unassign() }
    for (partition, end) in wanted.sorted(by: { $0.key < $1.key }) {
      let start = starts[partition] ?? LogicalOffset.beginning
      guard
        var reader = BoundedReader(
          of: partition, consumer, from: start, to: end, into: batch, check: check)
      else { throw OperatorError("\(partition) cannot be read") }
      do {
        let isPacked = packed.contains(partition.topic)
        let outcome = try reader.read { message in
          guard isPacked else { return try body(partition, message) }
          return try PackedRecords(message, of: partition).visit { try body(partition, $0) }
        }
        if outcome == .stopped { return }
      } catch let stall as LogStall {
        throw OperatorError(stall.description)
      }
    }
  }
}
