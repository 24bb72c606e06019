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

  /// How long a partition may bring nothing.
  private static let patience = Duration.seconds(60)

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

  func readThrough(_ partition: TopicPartition, _ body: (Record) throws -> Void) throws {
    guard let end = ends[partition], let start = starts[partition], start < end,
      let queue = consumer.queue(for: partition)
    else { return }
    let reader = KafkaLogReader(consumer, queue)
    var position = start
    var lastProgress = ContinuousClock.now
    // Records of the state are large, and few of them are all that may lie ahead.
    var reminder = FetchReminder(leastBacklog: 1)
    reminder.watch([partition], of: consumer)
    while position < end {
      try consumer.poll()
      reminder.remind(consumer)
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
public struct LogStall: Error, CustomStringConvertible {
  public let description: String
}
