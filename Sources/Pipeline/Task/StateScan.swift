import Cluster
import Kafka

/// Reads state partitions back for those who wait for them, a slice at a time and one partition after the
/// other: while one is dealt with, the next arrives. Each partition is read once for all who keep state in it.
final class StateScan<Reader: AnyObject> {
  /// Records of a slice.
  private static var slice: Int { 256 }

  private let scan: any LogScan
  private var waiting: [(partition: TopicPartition, readers: [Reader])]
  private let take: (Reader, Record) throws -> Void

  /// - Parameters:
  ///   - readers: by what they wait for.
  ///   - starts: of partitions that are not read from their beginning.
  ///   - ends: of the partitions, open transactions included.
  ///   - take: gives a reader a record.
  init(
    _ readers: [TopicPartition: [Reader]], starts: [TopicPartition: Int64] = [:],
    ends: [TopicPartition: Int64], from log: any Log,
    take: @escaping (Reader, Record) throws -> Void
  ) throws {
    waiting = readers.sorted { $0.key < $1.key }.map { (partition: $0.key, readers: $0.value) }
    let beginnings = readers.mapValues { _ in Int64(0) }
    scan = try log.scan(from: beginnings.merging(starts) { $1 }, to: ends)
    self.take = take
  }

  /// Those who have not got all of theirs yet.
  var unfinished: [Reader] { waiting.flatMap(\.readers) }
  var isFinished: Bool { waiting.isEmpty }

  /// Reads the next slice.
  ///
  /// - Returns: those who have got all of theirs with it.
  func advance() throws -> [Reader] {
    guard let next = waiting.first else { return [] }
    let hasEnded = try scan.read(next.partition, limit: Self.slice) { record in
      for reader in next.readers { try take(reader, record) }
    }
    guard hasEnded else { return [] }
    return waiting.removeFirst().readers
  }

  func close() { scan.close() }
}
