import Configuration
import Kafka
import Logging

/// Reads partitions of a Kafka cluster through, with one consumer that belongs to no group.
final class KafkaLogScan: LogScan {
  private let consumer: Consumer
  /// Up to the very end, not just what is committed by now: behind somebody's transaction that is
  /// still open there may be records that count, so a read waits for it to end.
  private let ends: [TopicPartition: Int64]

  /// How long a partition may bring nothing.
  private static let patience = Duration.seconds(60)

  init(_ partitions: [TopicPartition], _ configuration: Configuration, logger: Logger) throws {
    let probe = try Consumer(ClientSettings.probe(configuration), logger: logger)
    ends = try probe.endOffsets(partitions, timeoutMilliseconds: Timeout.call)
    probe.close(timeoutMilliseconds: 0)
    consumer = try Consumer(
      ClientSettings.consumer(
        configuration, prefetch: .ofScan(partitions: partitions.count)), logger: logger)
    let filled = ends.filter { $0.value > 0 }
    guard !filled.isEmpty else { return }
    try consumer.assign(filled.map { ($0.key, offset: 0) })
  }

  func close() { consumer.close(timeoutMilliseconds: 0) }

  func readThrough(_ partition: TopicPartition, _ body: (Record) throws -> Void) throws {
    guard let end = ends[partition], let queue = consumer.queue(for: partition) else { return }
    let reader = KafkaLogReader(consumer, queue)
    var position: Int64 = 0
    var lastProgress = ContinuousClock.now
    while position < end {
      try consumer.poll()
      let count = try reader.read()
      for index in 0..<count { try body(reader[index]) }
      let reached = max(reader.metEnd ?? 0, count > 0 ? reader[count - 1].offset + 1 : 0)
      if reached > position {
        position = reached
        lastProgress = .now
      } else if lastProgress.duration(to: .now) > KafkaLogScan.patience {
        throw LogStall(
          description:
            "reading \(partition) stopped at offset \(position) of \(end): a transaction of another "
            + "producer is still open there, or its leader does not answer")
      } else if count == 0 {
        // What has come of the other partitions must not end the wait.
        consumer.waitForArrival(timeoutMilliseconds: 20)
      }
    }
    try consumer.pause([partition])
  }
}

/// A log that could not be read to its end in time; worth another try.
struct LogStall: Error, CustomStringConvertible {
  let description: String
}
