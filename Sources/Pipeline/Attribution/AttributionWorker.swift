import Cluster
import Configuration
import Kafka
import Logging

/// A worker of the first stage.
package typealias AttributionWorker = Worker<AttributionStage>

extension Worker where S == AttributionStage {
  /// - Parameters:
  ///   - stopsAtEnd: process what the topics hold at the start, and finish.
  ///   - process: what the workers of the process share.
  package convenience init(
    configuration: Configuration, plan: TopicPlan, log: any Log, index: Int, stopsAtEnd: Bool,
    logger: Logger, heartbeat: Heartbeat = Heartbeat(), meter: Meter = Meter(),
    process: ProcessContext = ProcessContext()
  ) throws {
    let context = try StageContext(
      WorkerName(configuration, stage: "attribution", index: index), configuration: configuration,
      plan: plan, log: log, logger: logger, meter: meter, process: process)
    let stage = AttributionStage(context, stopsAtEnd: stopsAtEnd)
    self.init(stage, context, heartbeat: heartbeat)
  }

  package func start() throws { try join() }

  /// Whether this worker has processed and committed everything that it owned at the start.
  package var isFinished: Bool { hasAssignment && stage.isFinished && !stage.hasChanges }

  /// Where every input ends, whoever owns it; nil while nobody has answered. Asked again and again, and not
  /// waited for.
  package func inputEnds() throws -> [TopicPartition: Int64]? {
    try stage.inputEnds.ends(of: context.plan.inputPartitions, now: context.now())
  }

  /// Whether the whole group has committed up to `ends`: other members' partitions included, and those
  /// of a member that is gone and whose partitions nobody has got yet. False while nobody has answered.
  package func isGroupFinished(upTo ends: [TopicPartition: Int64]) throws -> Bool {
    try stage.groupOffsets.hasReached(ends, now: context.now())
  }

  /// Committed records, by topic and outcome.
  package var counts: [String: InputCounts] { stage.counts }
}
