// Safety: `@unchecked Sendable` because one benchmark, on one thread, is all that ever uses it.

import Cluster
import Kafka

/// A state topic in memory, compacted at once: takes a task's changelog and gives it back.
final class MemoryChangelog: Log, LogProducer, LogScan, @unchecked Sendable {
  private var records: [(key: [UInt8], value: [UInt8])?] = []
  private var positions: [[UInt8]: Int] = [:]

  /// Bytes of keys and values.
  var byteCount: Int {
    records.reduce(0) { $0 + ($1.map { $0.key.count + $0.value.count } ?? 0) }
  }

  func scan(from starts: [TopicPartition: Int64]) throws -> any LogScan { self }

  func scan(
    from starts: [TopicPartition: Int64], to ends: [TopicPartition: Int64]
  ) throws -> any LogScan { self }

  var prober: any LogProber { preconditionFailure("a benchmark of restores asks nothing") }

  func read(
    _ partition: TopicPartition, limit: Int?, _ body: (Record) throws -> Void
  ) throws -> Bool {
    for (offset, record) in records.enumerated() {
      guard let record else { continue }
      try record.key.withUnsafeBytes { key in
        try record.value.withUnsafeBytes { value in
          try body(
            Record(partition: 0, offset: Int64(offset), timestamp: 0, key: key, value: value))
        }
      }
    }
    return true
  }

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    let key = key.map { Array($0) } ?? []
    if let position = positions.removeValue(forKey: key) { records[position] = nil }
    guard let value else { return }
    positions[key] = records.count
    records.append((key, Array(value)))
  }

  func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] { [:] }
  func deleteRecords(before offsets: [TopicPartition: Int64]) throws {}
  func begin() throws {}
  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {}
  func commit() throws {}
  func abort() throws {}
  func close() {}

  func makeConsumer(group: String, member: String) throws -> any LogConsumer {
    preconditionFailure("a benchmark of restores consumes nothing")
  }

  func makeProducer(transactionalID: String) throws -> any LogProducer { self }
}
