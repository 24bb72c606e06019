import Attribution
import Configuration
import Kafka
import Logging

/// The second stage: the only writer of the rollups topic.
///
/// Adds the deltas of its partitions, decides finality, and publishes in one transaction with the
/// offsets of the deltas.
package final class RollupStage: Stage {
  /// Deltas per partition and step, so that partitions take turns.
  private static let turn = 16_384

  /// How often the deltas that have been added are deleted, in milliseconds.
  private static let tidyingInterval: Milliseconds = 600_000

  private let context: StageContext
  private var lastTidied: Milliseconds
  private(set) var partitions: [RollupPartition] = []
  /// Where the deltas ended when the stage was asked to finish.
  private(set) var ends: [TopicPartition: Int64]?
  /// Whether the commit under way closes every window, and whether one has.
  private var isClosing = false
  private var hasClosed = false

  init(_ context: StageContext) {
    self.context = context
    lastTidied = context.now()
  }

  package var topics: [String] { [context.configuration.deltasTopic] }
  package var openRows: Int { partitions.reduce(0) { $0 + $1.table.changedCount } }
  package var isCatchingUp: Bool {
    ends == nil && !partitions.isEmpty && partitions.allSatisfy(\.isCatchingUp)
  }
  package var hasChanges: Bool {
    partitions.contains(where: \.hasChanges) || (isFinished && !hasClosed)
  }

  package var wantsCommit: Bool {
    partitions.contains(where: \.waitsForReload) || (ends != nil && hasChanges && isFinished)
  }

  package var positions: [TopicPartition: Int64] {
    Dictionary(uniqueKeysWithValues: partitions.map { ($0.source, $0.position) })
  }

  /// Whether everything up to `ends` has been taken.
  var isAtEnds: Bool { ends != nil && partitions.allSatisfy(\.isFinished) }

  /// Whether nothing more is to come: everything up to `ends` has been taken, and every task is
  /// through, or not waited for.
  var isFinished: Bool {
    isAtEnds && (!waitsForTasks || partitions.allSatisfy(\.table.isEveryTaskClosed))
  }

  /// Whether a task that is not through keeps the stage from finishing.
  var waitsForTasks = true

  /// Has the stage finish once it has processed what the deltas topic holds now. Behind a transaction
  /// that a dead producer has left open there may be more that counts, so that is waited for.
  func finish() throws {
    ends = try context.log.ends(
      of: (0..<context.plan.rollupPartitions).map {
        TopicPartition(topic: context.configuration.deltasTopic, partition: $0)
      })
    setStops()
  }

  private func setStops() {
    for partition in partitions { partition.stop = ends?[partition.source] }
  }

  package func advance() throws -> Int {
    var taken = 0
    for partition in partitions {
      if partition.waitsForReload {
        context.logger.info(
          "reloading rollups of \(partition.source): a correction reaches far back")
        try partition.reload(from: context.log)
      }
      taken += try partition.advance(limit: RollupStage.turn)
      try partition.checkArrival(now: context.now(), context.consumer)
    }
    return taken
  }

  package func advanceClock() {
    isClosing = isFinished
    for partition in partitions {
      partition.table.advance(now: context.now(), isComplete: isClosing)
    }
  }

  package func writeEffects() throws {
    for partition in partitions where partition.hasChanges {
      try partition.writeEffects(to: context.outbox.transaction())
    }
  }

  package func didCommit() {
    for partition in partitions { partition.didCommit(now: context.now()) }
    hasClosed = isClosing
    tidy()
  }

  /// Deltas are added once and never read again, whoever owns the partition next.
  private func tidy() {
    guard context.now() - lastTidied >= RollupStage.tidyingInterval else { return }
    lastTidied = context.now()
    do {
      try context.log.deleteRecords(before: positions.filter { $0.value > 0 })
    } catch {
      context.logger.debug("the deltas that have been added stay for now: \(error)")
    }
  }

  package func drop() {
    partitions.removeAll()
    hasClosed = false
  }

  package func takeOver(_ sources: [TopicPartition]) throws -> String {
    let starts = try context.consumer.startOffsets(sources)
    for source in sources.sorted() {
      let partition = RollupPartition(
        source: source, reader: try context.consumer.reader(of: source),
        configuration: context.configuration, taskCount: context.plan.taskCount,
        start: starts[source] ?? 0, meter: context.meter)
      try partition.restore(from: context.log)
      partitions.append(partition)
    }
    setStops()
    let count = partitions.reduce(0) { $0 + $1.table.count }
    return "\(partitions.count) rollup partition(s) taken over, \(count) rollups restored"
  }
}

/// A worker of the second stage.
package typealias RollupWorker = Worker<RollupStage>

extension Worker where S == RollupStage {
  package convenience init(
    configuration: Configuration, plan: TopicPlan, log: any Log, index: Int, logger: Logger,
    heartbeat: Heartbeat = Heartbeat(), meter: Meter = Meter(),
    now: @escaping () -> Milliseconds,
    random: @escaping () -> UInt64 = { .random(in: .min ... .max) }
  ) throws {
    let context = try StageContext(
      WorkerName(configuration, stage: "rollups", index: index), configuration: configuration,
      plan: plan, log: log, logger: logger, meter: meter, now: now, random: random)
    self.init(RollupStage(context), context, heartbeat: heartbeat)
  }

  package func start() throws { try join() }

  /// Has the worker finish once it has processed what the deltas topic holds now.
  package func finish() throws { try stage.finish() }

  /// Whether everything that the deltas held at `finish` is processed, but not every task is through.
  package var waitsForTasks: Bool { hasAssignment && stage.isAtEnds && !stage.isFinished }

  /// Has the worker finish without the tasks that are not through. What they have not passed stays open.
  package func leaveTasksOpen() { stage.waitsForTasks = false }

  /// Whether `finish` was asked for and everything up to then is published.
  package var isFinished: Bool { hasAssignment && stage.isFinished && !stage.hasChanges }

  /// Whether every partition of the deltas has been, whoever owns it. Asks the broker.
  package func isGroupFinished() throws -> Bool {
    guard let ends = stage.ends else { return false }
    let committed = try context.consumer.startOffsets(Array(ends.keys))
    return ends.allSatisfy { committed[$0.key, default: 0] >= $0.value }
  }
}
