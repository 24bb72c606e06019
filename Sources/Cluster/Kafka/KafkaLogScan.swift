import Configuration
import Kafka
import Logging

/// Reads partitions of a Kafka cluster through, with one consumer that belongs to no group.
final class KafkaLogScan: LogScan {
  private let consumer: Consumer
  private let starts: [TopicPartition: Int64]
  /// Up to the very end, not just what is committed by now: behind somebody's transaction that is
  /// still open there may be records that count, so a read waits for it to end.
  private let ends: [TopicPartition: Int64]

  private let batch = RecordBatch(capacity: 256)
  /// Of the partition that is being read.
  private var reader: BoundedReader?

  /// - Parameter ends: of open transactions too.
  init(
    _ starts: [TopicPartition: Int64], ends: [TopicPartition: Int64],
    _ configuration: Configuration, logger: Logger
  ) throws {
    self.starts = starts
    self.ends = ends
    consumer = try Consumer(
      ClientSettings.consumer(
        configuration, prefetch: .ofScan(partitions: starts.count)), logger: logger)
    let filled = starts.filter { $0.value < ends[$0.key] ?? 0 }
    guard !filled.isEmpty else { return }
    try consumer.assign(filled.map { ($0.key, offset: $0.value) })
  }

  func close() { consumer.close(timeoutMilliseconds: 0) }

  func read(
    _ partition: TopicPartition, limit: Int?, _ body: (Record) throws -> Void
  ) throws -> Bool {
    guard var reader = reader?.partition == partition ? reader : begin(partition) else {
      return true
    }
    defer { self.reader = reader }
    guard try reader.readAll(limit: limit, body) == .reachedEnd else { return false }
    try consumer.pause([partition])
    return true
  }

  private func begin(_ partition: TopicPartition) -> BoundedReader? {
    guard let end = ends[partition], let start = starts[partition], start < end else { return nil }
    return BoundedReader(of: partition, consumer, from: start, to: end, into: batch)
  }
}
