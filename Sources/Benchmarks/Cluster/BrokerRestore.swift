import Attribution
import Cluster
import Configuration
import Kafka
import Logging
import Pipeline

/// Reads a processor's state back from the broker, as a worker that takes every task over does.
public struct BrokerRestore {
  /// What was read back.
  public struct Result: Sendable {
    public var entries = 0
    /// Of one thread, from the first request to the last entry in its place.
    public var seconds = 0.0
    public var state: StateFigures
  }

  /// Restores every task of `configuration`, one after the other, and drops them.
  public static func run(_ configuration: Configuration, logger: Logger) throws -> Result {
    let plan = try Preflight(configuration, logger: logger).plan()
    let log = KafkaLog(configuration, plan: plan, logger: logger)
    var size = StateSize()
    var entries = 0
    var stopwatch = Stopwatch()
    stopwatch.start()
    let partitions = (0..<plan.taskCount).map {
      TopicPartition(topic: configuration.stateTopic, partition: $0)
    }
    let scan = try log.scan(partitions)
    defer { scan.close() }
    for partition in partitions {
      let changelog = Changelog(
        name: "keyed", topic: partition.topic, partition: partition.partition,
        recordBytes: configuration.stateRecordBytes)
      guard
        let (task, count) = try changelog.restore(
          configuration.definitions, inputCount: plan.inputTopics.count, of: partition, from: scan)
      else { continue }
      entries += count
      size.add(task.size)
    }
    stopwatch.stop()
    return Result(
      entries: entries, seconds: stopwatch.wallSeconds, state: StateFigures(size))
  }
}
