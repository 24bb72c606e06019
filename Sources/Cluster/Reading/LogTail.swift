import Configuration
import Kafka
import Logging

/// Looks for the last record of a kind near the end of a topic, where the progress of every commit is.
package final class LogTail {
  private let configuration: Configuration
  private let logger: Logger
  private let consumer: Consumer
  private let batch = RecordBatch(capacity: 1_024)

  package init(_ configuration: Configuration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    consumer = try Consumer(ClientSettings.consumer(configuration), logger: logger)
  }

  package func close() { consumer.close(timeoutMilliseconds: 0) }

  package func partitions(of topic: String) throws -> [TopicPartition] {
    let count = try consumer.partitionCount(of: topic, timeoutMilliseconds: CallTimeout.call) ?? 0
    return (0..<Int32(count)).map { TopicPartition(topic: topic, partition: $0) }
  }

  /// Whether nothing was ever committed there.
  package func isEmpty(_ partitions: [TopicPartition]) throws -> Bool {
    try ends(of: partitions).values.allSatisfy { $0 == 0 }
  }

  package func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    try consumer.endOffsets(partitions, timeoutMilliseconds: CallTimeout.call)
  }

  /// Where logs begin, and where committed records end.
  package func bounds(of partitions: [TopicPartition]) throws -> [TopicPartition: LogBounds] {
    let ends = try ends(of: partitions)
    let starts = try consumer.offsets(
      forTimes: Dictionary(uniqueKeysWithValues: partitions.map { ($0, LogicalOffset.beginning) }),
      timeoutMilliseconds: CallTimeout.call)
    return Dictionary(
      uniqueKeysWithValues: partitions.map { partition in
        let end = ends[partition] ?? 0
        return (partition, LogBounds(start: starts[partition] ?? 0, stableEnd: end, end: end))
      })
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

  private func read(
    _ partition: TopicPartition, from start: Int64, through end: Int64,
    _ isWanted: (Record) throws -> Bool
  ) throws -> Bool {
    try consumer.assign([(partition, offset: start)])
    defer { consumer.unassign() }
    guard
      var reader = BoundedReader(of: partition, consumer, from: start, to: end, into: batch)
    else { throw OperatorError("\(partition) cannot be read") }
    var isFound = false
    _ = try reader.readAll { record in if try isWanted(record) { isFound = true } }
    return isFound
  }
}
