import Kafka

/// Has a consumer's partitions fetched on in time.
///
/// Once all partitions that a broker leads hold what they may hold, librdkafka 2.0 looks at them again
/// a second later, however soon they are drained: only traffic with that broker makes it look earlier.
/// A reader that drains them faster would wait out the rest of every second. So a broker is asked where
/// its partition ends as soon as half of what was ahead of the reader has been read. Not thread-safe.
struct FetchReminder {
  private struct Watched {
    let partition: TopicPartition
    let queue: PartitionQueue
    /// Below that it is fetched all the time, or at its end, in records.
    let leastBacklog: Int
    /// The most that was ahead of the reader since the last reminder, in records.
    var most = 0
  }

  /// The question is enough: its answer is not waited for, in milliseconds.
  private static let timeout: Int32 = 0
  /// A reader who is faster than the broker would ask all the time.
  private static let pause = Duration.milliseconds(20)

  private let leastBacklog: (TopicPartition) -> Int
  private var watched: [Watched] = []
  private var lastReminder = ContinuousClock.now

  /// Of records of the usual size.
  static let usualBacklog = 4_096
  /// Of packs, a quarter of which fill what may be ahead of a reader.
  static let backlogOfPacks = 16

  /// - Parameter leastBacklog: partitions that never hold more, in records, are fetched all the time, or at their end.
  init(leastBacklog: @escaping (TopicPartition) -> Int) { self.leastBacklog = leastBacklog }

  /// Watches these partitions and no others.
  mutating func watch(_ partitions: [TopicPartition], of consumer: Consumer) {
    // Newer versions are told by a property, and would take a question that nobody waits for for a
    // broken connection.
    guard !Librdkafka.hasFetchBackoff else { return }
    watched = partitions.compactMap { partition in
      consumer.queue(for: partition).map {
        Watched(partition: partition, queue: $0, leastBacklog: leastBacklog(partition))
      }
    }
  }

  /// Asks where half has been read. Call again and again; does not block.
  mutating func remind(_ consumer: Consumer) {
    var drained: [TopicPartition] = []
    for index in watched.indices {
      let backlog = watched[index].queue.backlog
      watched[index].most = max(watched[index].most, backlog)
      guard watched[index].most >= watched[index].leastBacklog, 2 * backlog < watched[index].most
      else { continue }
      drained.append(watched[index].partition)
    }
    guard !drained.isEmpty, lastReminder.duration(to: .now) >= FetchReminder.pause else { return }
    for index in watched.indices where drained.contains(watched[index].partition) {
      watched[index].most = 0
    }
    // Neither the answer matters nor what keeps it away.
    _ = try? consumer.endOffsets(drained, timeoutMilliseconds: FetchReminder.timeout)
    lastReminder = .now
  }
}
