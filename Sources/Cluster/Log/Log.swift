import Inputs
import Kafka

// The seam between the pipeline and whatever keeps its logs: Kafka, or a simulated log in tests.

/// Where logs live: makes the clients that workers use.
public protocol Log: Sendable {
  /// A member of a consumer group, reading committed records only.
  func makeConsumer(group: String, member: String) throws -> any LogConsumer
  /// A producer whose transactions fence those of its predecessor with the same id.
  func makeProducer(transactionalID: String) throws -> any LogProducer
  /// Begins to read partitions from an offset each up to where they end now.
  func scan(from starts: [TopicPartition: Int64]) throws -> any LogScan
  /// As the other `scan`, up to ends that the caller knows: asks no broker.
  func scan(
    from starts: [TopicPartition: Int64], to ends: [TopicPartition: Int64]
  ) throws -> any LogScan
  /// For questions whose answers nobody waits for.
  var prober: any LogProber { get }
  /// The offsets behind the last record of each partition, of transactions still open too.
  func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64]
  /// Deletes what lies before the offsets and nobody reads again.
  func deleteRecords(before offsets: [TopicPartition: Int64]) throws
}

extension Log {
  /// Begins to read whole partitions.
  package func scan(_ partitions: [TopicPartition]) throws -> any LogScan {
    try scan(from: Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) }))
  }

  /// The committed records of one partition, oldest first, up to where it ends now.
  package func readThrough(
    _ partition: TopicPartition, from start: Int64 = 0, _ body: (Record) throws -> Void
  ) throws {
    let scan = try scan(from: [partition: start])
    defer { scan.close() }
    try scan.readThrough(partition, body)
  }

  /// As the other, for an input: whatever messages its records came in.
  package func readThrough(
    _ partition: TopicPartition, of plan: InputPlan, from start: Int64 = 0,
    _ body: (Record) throws -> Void
  ) throws {
    guard plan.isKeyed else { return try readThrough(partition, from: start, body) }
    try readThrough(partition, from: start) { try $0.forEachPacked(of: partition, body) }
  }
}
