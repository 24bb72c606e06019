import Configuration
import Kafka
import Logging

/// Looks for the last record of a kind near the end of a topic, where the progress of every commit is.
package final class LogTail {
  private let configuration: Configuration
  private let logger: Logger
  private let consumer: Consumer
  private let batch = RecordBatch(capacity: 1_024)
  private let stallTimeout: Duration
  /// Partitions that did not answer and have had their line.
  private var named: Set<TopicPartition> = []

  /// - Parameter stallTimeout: A read that gets no record for so long fails, and may be repeated.
  package init(
    _ configuration: Configuration, logger: Logger, stallTimeout: Duration = .seconds(60)
  ) throws {
    self.configuration = configuration
    self.logger = logger
    self.stallTimeout = stallTimeout
    consumer = try Consumer(ClientSettings.consumer(configuration), logger: logger)
  }

  package func close() { consumer.close(timeoutMilliseconds: 0) }

  package func partitions(of topic: String) throws -> [TopicPartition] {
    let count = try consumer.partitionCount(of: topic, timeoutMilliseconds: CallTimeout.call) ?? 0
    return (0..<Int32(count)).map { TopicPartition(topic: topic, partition: $0) }
  }

  /// Whether nothing was ever committed there. Not known to be empty is not empty.
  package func isEmpty(_ partitions: [TopicPartition]) throws -> Bool {
    let ends = try ends(of: partitions)
    return ends.count == partitions.count && ends.values.allSatisfy { $0 == 0 }
  }

  /// Where committed records end, of the partitions that answer: one without a leader is left out, with a line.
  package func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try answers(of: partitions) { try consumer.endOffsets($0, timeoutMilliseconds: $1) }
  }

  /// Where logs begin, and where committed records end, of the partitions that answer.
  package func bounds(of partitions: [TopicPartition]) throws -> [TopicPartition: LogBounds] {
    let ends = try ends(of: partitions)
    let starts = try answers(of: ends.keys.sorted()) { partitions, timeout in
      try consumer.offsets(
        forTimes: Dictionary(
          uniqueKeysWithValues: partitions.map { ($0, LogicalOffset.beginning) }),
        timeoutMilliseconds: timeout)
    }
    return starts.reduce(into: [:]) { bounds, entry in
      guard let end = ends[entry.key] else { return }
      bounds[entry.key] = LogBounds(start: entry.value, stableEnd: end, end: end)
    }
  }

  /// Asks about all partitions at once, and about each by itself if one of them keeps the others from an answer.
  ///
  /// - Throws: the first question's error if it does not pass by itself, or if no partition answers.
  private func answers(
    of partitions: [TopicPartition],
    _ ask: ([TopicPartition], _ timeoutMilliseconds: Int32) throws -> [TopicPartition: Int64]
  ) throws -> [TopicPartition: Int64] {
    do {
      return try ask(partitions, CallTimeout.call)
    } catch let first as KafkaError where first.isTransient && partitions.count > 1 {
      let deadline = ContinuousClock.now + .milliseconds(Int64(CallTimeout.call))
      var answers: [TopicPartition: Int64] = [:]
      var silent: [TopicPartition: KafkaError] = [:]
      for partition in partitions where ContinuousClock.now < deadline {
        do {
          answers.merge(try ask([partition], 2_000)) { $1 }
        } catch let error as KafkaError where error.isTransient {
          silent[partition] = error
        }
      }
      guard !answers.isEmpty else { throw first }
      for (partition, error) in silent.sorted(by: { $0.key < $1.key })
      where named.insert(partition).inserted {
        logger.warning("\(error); \(partition) is compared when it is taken over")
      }
      return answers
    }
  }

  /// What a group has committed; nothing for partitions where it has nothing. Does not wait for a transaction that
  /// is still open.
  package func committed(
    _ partitions: [TopicPartition], by group: String
  ) throws -> [TopicPartition: Int64] {
    var settings = ClientSettings.probe(configuration)
    settings["group.id"] = group
    let consumer = try Consumer(settings, logger: logger)
    defer { consumer.close(timeoutMilliseconds: 0) }
    return try consumer.committed(partitions, timeoutMilliseconds: CallTimeout.call)
      .compactMapValues { $0 }
  }

  /// Whether any partition has a record that `isWanted`. Reads each from ever further back until it
  /// has one.
  package func last(
    of partitions: [TopicPartition], where isWanted: (Record) throws -> Bool
  ) throws -> Bool {
    let ends = try ends(of: partitions)
    var hasAny = false
    for (partition, end) in ends.sorted(by: { $0.key < $1.key }) where end > 0 {
      var length: Int64 = 256
      var isFound = false
      repeat {
        length *= 16
        isFound = try read(partition, from: max(0, end - length), through: end, isWanted)
      } while !isFound && length < end
      hasAny = hasAny || isFound
    }
    return hasAny
  }

  /// Whether any record from `start` to before `end` is wanted.
  ///
  /// - Throws: a transient `KafkaError` if nothing comes for `stallTimeout`: the broker is away, or the leader changes.
  package func read(
    _ partition: TopicPartition, from start: Int64, through end: Int64,
    _ isWanted: (Record) throws -> Bool
  ) throws -> Bool {
    try consumer.assign([(partition, offset: start)])
    defer {
      batch.release()
      consumer.unassign()
    }
    let queue = consumer.queue(for: partition)!
    var lastProgress = ContinuousClock.now
    var isFound = false
    while lastProgress.duration(to: .now) < stallTimeout {
      try consumer.poll()
      if try queue.read(into: batch, timeoutMilliseconds: 20) > 0 { lastProgress = .now }
      for record in batch {
        if try isWanted(record) { isFound = true }
        if record.offset >= end - 1 { return isFound }
      }
      if let met = batch.endOffset, met >= end { return isFound }
    }
    throw KafkaError(
      code: -185, name: "_TIMED_OUT",
      message: "nothing came for \(stallTimeout.components.seconds) s",
      operation: "read \(partition) to offset \(end)")
  }
}
