// Safety: `@unchecked Sendable` because one thread at a time uses a follower and only `wake` may be
// called from others; it touches nothing but the consumer's wake descriptor.

import Configuration
import Kafka
import Logging

/// Reads all of a topic, from its beginning or from saved offsets, and then follows it: committed records only, in no
/// consumer group, and without leaving a trace in the cluster.
///
///     let follower = try TopicFollower("rollups", configuration, logger: logger)
///     while running {
///       if try follower.read({ record in … }) == 0 { follower.wait(milliseconds: 100) }
///     }
///     follower.close()
///
/// Partitions that the topic gets later are not followed.
public final class TopicFollower: @unchecked Sendable {
  /// How many partitions the topic has.
  public let partitionCount: Int

  private static let batchSize = 4_096

  private let consumer: Consumer
  private var partitions: [FollowedPartition]
  private var reminder = FetchReminder { _ in FetchReminder.usualBacklog }

  private struct FollowedPartition {
    var queue: PartitionQueue
    /// Where the partition ended when following began.
    var initialEnd: Int64
    var position: Int64
    let batch = RecordBatch(capacity: batchSize)
  }

  /// Finds the topic's partitions and begins to read them.
  ///
  /// Throws `OperatorError` when there is no such topic or when it ends before a saved offset,
  /// `KafkaError` when no broker answers.
  ///
  /// - Parameters:
  ///   - start: the offset of the first record to read, by partition; partitions that are not named are read from their
  ///     beginning.
  ///   - isStrict: whether it is an error when the next record is gone, by retention or because the topic was made
  ///     anew. If not, reading goes on with the first that is there.
  public init(
    _ topic: String, from start: [Int32: Int64] = [:], _ configuration: Configuration,
    isStrict: Bool = false, logger: Logger
  ) throws {
    var settings = ClientSettings.consumer(configuration)
    if isStrict { settings["auto.offset.reset"] = "error" }
    let consumer = try Consumer(settings, logger: logger)
    let count = try consumer.partitionCount(
      of: topic, timeoutMilliseconds: CallTimeout.initialization)
    guard let count else {
      throw OperatorError(
        "missing topic \(topic) at \(configuration.bootstrapServers); `tributary topics create` "
          + "makes it")
    }
    self.consumer = consumer
    partitionCount = count
    let names = (0..<Int32(count)).map { TopicPartition(topic: topic, partition: $0) }
    let ends = try consumer.endOffsets(names, timeoutMilliseconds: CallTimeout.initialization)
    for name in names {
      guard let saved = start[name.partition], saved > ends[name] ?? 0 else { continue }
      throw OperatorError(
        "\(name) ends at offset \(ends[name] ?? 0), but was read through \(saved) before: it is not "
          + "the topic that it was")
    }
    try consumer.assign(
      names.map { ($0, offset: start[$0.partition] ?? LogicalOffset.beginning) })
    partitions = names.map { name in
      FollowedPartition(
        queue: consumer.queue(for: name)!, initialEnd: ends[name] ?? 0,
        position: start[name.partition] ?? 0)
    }
    reminder.watch(names, of: consumer)
  }

  /// The offset of the next record to read, by partition; 0 where nothing was read yet.
  public var positions: [Int32: Int64] {
    Dictionary(
      uniqueKeysWithValues: partitions.map { ($0.queue.topicPartition.partition, $0.position) })
  }

  /// Where the log ended as of the last fetch, by partition, as far as that is known.
  public var knownEnds: [Int32: Int64] {
    var ends: [Int32: Int64] = [:]
    for partition in partitions {
      let name = partition.queue.topicPartition
      ends[name.partition] = consumer.knownEndOffset(of: name)
    }
    return ends
  }

  /// Whether everything that the topic held when following began has been read.
  public var isCaughtUp: Bool { partitions.allSatisfy { $0.position >= $0.initialEnd } }

  /// Lends the records that have arrived, up to a batch of each partition; does not block.
  ///
  /// - Returns: how many there were.
  public func read(_ body: (Record) throws -> Void) throws -> Int {
    try consumer.poll()
    reminder.remind(consumer)
    var total = 0
    for index in partitions.indices {
      let batch = partitions[index].batch
      let count = try partitions[index].queue.read(into: batch)
      for record in batch { try body(record) }
      if count > 0 { partitions[index].position = batch[count - 1].offset + 1 }
      // Behind the last record may be markers of transactions, which are no records.
      if let end = batch.endOffset { partitions[index].position = end }
      batch.release()
      total += count
    }
    return total
  }

  /// Begins once more with the oldest records; caught up again once everything that was read has been read again.
  public func startAgain() throws {
    try consumer.assign(
      partitions.map { ($0.queue.topicPartition, offset: LogicalOffset.beginning) })
    for index in partitions.indices {
      partitions[index].queue = consumer.queue(for: partitions[index].queue.topicPartition)!
      partitions[index].initialEnd = max(partitions[index].initialEnd, partitions[index].position)
      partitions[index].position = 0
    }
  }

  /// Blocks until there is something to read, somebody calls `wake`, or the time is over.
  public func wait(milliseconds: Int32) { consumer.wait(timeoutMilliseconds: milliseconds) }

  /// Ends the wait under way, or else the next one. Any thread.
  public func wake() { consumer.wake() }

  /// Stops reading.
  public func close() { consumer.close(timeoutMilliseconds: 0) }
}
