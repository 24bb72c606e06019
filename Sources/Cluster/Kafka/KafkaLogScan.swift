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

  private var place: Place?

  /// How long a partition may bring nothing.
  private static let timeout = Duration.seconds(60)

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

  /// Where the partition that is being read stands.
  private struct Place {
    var partition: TopicPartition
    var reader: KafkaLogReader
    var position: Int64
    var end: Int64
    var lastProgress = ContinuousClock.now
    // Records of the state are large, and few of them are all that may lie ahead.
    var reminder = FetchReminder(leastBacklog: 1)
  }

  func read(
    _ partition: TopicPartition, limit: Int?, _ body: (Record) throws -> Void
  ) throws -> Bool {
    guard var place = place?.partition == partition ? place : begin(partition) else { return true }
    defer { self.place = place }
    var taken = 0
    while place.position < place.end {
      try consumer.poll()
      place.reminder.remind(consumer)
      let count = try place.reader.read()
      for index in 0..<count { try body(place.reader[index]) }
      let reached = max(
        place.reader.metEnd ?? 0, count > 0 ? place.reader[count - 1].offset + 1 : 0)
      if reached > place.position {
        place.position = reached
        place.lastProgress = .now
      } else if place.lastProgress.duration(to: .now) > KafkaLogScan.timeout {
        throw LogStall(
          description:
            "reading \(partition) stopped at offset \(place.position) of \(place.end): a transaction of "
            + "another producer is still open there, or its leader does not answer")
      } else if count == 0, limit == nil {
        // What has come of the other partitions must not end the wait.
        consumer.waitForArrival(timeoutMilliseconds: 20)
      }
      taken += count
      if let limit, place.position < place.end, count == 0 || taken >= limit { return false }
    }
    try consumer.pause([partition])
    return true
  }

  private func begin(_ partition: TopicPartition) -> Place? {
    guard let end = ends[partition], let start = starts[partition], start < end,
      let queue = consumer.queue(for: partition)
    else { return nil }
    var place = Place(
      partition: partition, reader: KafkaLogReader(consumer, queue), position: start, end: end)
    place.reminder.watch([partition], of: consumer)
    return place
  }
}
