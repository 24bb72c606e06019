import Attribution
import Cluster
import Configuration
import Foundation
import Kafka
import Logging
import Pipeline

/// Waits until the rollup stage has published what the deltas topic holds, or does it itself when no
/// processor is there to do it.
public struct RollupPublication {
  private let configuration: Configuration
  private let plan: TopicPlan
  private let log: any ArchiveLog
  private let logger: Logger

  /// How long the processor may stand still before its place is taken, in seconds.
  private static let timeout = Duration.seconds(3)
  /// How long the taking of its place may take, in seconds.
  private static let limit = Duration.seconds(90)

  public init(
    _ configuration: Configuration, plan: TopicPlan, log: any ArchiveLog, logger: Logger
  ) {
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.logger = logger
  }

  /// Returns once everything is published that the deltas topic holds now.
  ///
  /// Throws `OperatorError` when the partitions are owned by somebody who does nothing.
  public func wait(shouldStop: () -> Bool = { false }) throws {
    let partitions = try log.partitions(of: configuration.deltasTopic)
    let ends = try log.ends(of: partitions)
    let group = try log.makeConsumer(
      group: "\(configuration.applicationID)-rollups", member: "")
    defer { group.close() }
    var committed: [TopicPartition: Int64] = [:]
    var lastProgress = ContinuousClock.now
    while !shouldStop() {
      let now = try group.startOffsets(partitions)
      if ends.allSatisfy({ now[$0.key, default: 0] >= $0.value }) { return }
      if now != committed {
        lastProgress = .now
        if try isPublished(from: now, through: ends) { return }
      }
      committed = now
      if lastProgress.duration(to: .now) > Self.timeout {
        return try publish(through: ends, partitions, group, shouldStop)
      }
      Thread.sleep(forTimeInterval: 0.3)
    }
  }

  /// Whether no record lies between the committed offsets and the ends. Marks of transactions may.
  private func isPublished(
    from committed: [TopicPartition: Int64], through ends: [TopicPartition: Int64]
  ) throws -> Bool {
    for (partition, end) in ends {
      let start = committed[partition] ?? 0
      guard start < end else { continue }
      var isEmpty = true
      try log.readThrough(partition, from: start) { if $0.offset < end { isEmpty = false } }
      if !isEmpty { return false }
    }
    return true
  }

  /// Runs the rollup stage until everything is published.
  private func publish(
    through ends: [TopicPartition: Int64], _ partitions: [TopicPartition],
    _ group: any LogConsumer, _ shouldStop: () -> Bool
  ) throws {
    // A newcomer to the group: under the processor's own name it would push it out.
    var configuration = configuration
    configuration.instanceID = ""
    let worker = try RollupWorker(
      configuration: configuration, plan: plan, log: log, index: 0, logger: logger)
    do {
      try worker.start()
      let deadline = ContinuousClock.now + Self.limit
      var nextLook = ContinuousClock.now
      while !shouldStop() {
        try worker.step()
        guard .now >= nextLook else { continue }
        nextLook = .now + .milliseconds(500)
        if try isPublished(from: group.startOffsets(partitions), through: ends) { break }
        guard .now < deadline else {
          throw OperatorError(
            "what the deltas topic holds is not published: its partitions belong to a processor that "
              + "does nothing, or that has ended and is not missed yet; start `tributary run`, then "
              + "this again")
        }
      }
      try worker.stop()
    } catch {
      worker.close()
      throw error
    }
  }
}
