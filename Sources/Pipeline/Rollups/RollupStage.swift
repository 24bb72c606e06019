import Attribution
import Cluster
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
  /// Given up with the last commit, until the next assignment.
  private var suspended: [TopicPartition: RollupPartition] = [:]
  /// Assigned, and not open yet.
  private var openings: [RollupOpening] = []
  /// The partitions of the rollups that are being read.
  private var scan: StateScan<RollupOpening>?
  /// Asks where the deltas end, once that is where to stop.
  private let endsQuestion: LogEnds
  private var isAskingForEnds = false
  fileprivate let groupOffsets: GroupOffsets
  /// Where the deltas ended when the stage was asked to finish.
  private(set) var ends: [TopicPartition: Int64]?
  /// Whether the commit under way closes every window, and whether one has.
  private var isClosing = false
  private var hasClosed = false

  init(_ context: StageContext) {
    self.context = context
    lastTidied = context.now()
    endsQuestion = LogEnds(context.log.prober)
    groupOffsets = GroupOffsets(context.log.prober, group: context.group)
  }

  package var topics: [String] { [context.configuration.deltasTopic] }
  package var uncommittedRows: Int { partitions.reduce(0) { $0 + $1.table.changedCount } }
  package var isCatchingUp: Bool {
    ends == nil && !partitions.isEmpty && partitions.allSatisfy(\.isCatchingUp)
  }
  package var hasChanges: Bool {
    partitions.contains(where: \.hasChanges)
      || (isFinished && !hasClosed && !partitions.isEmpty)
  }

  package var wantsCommit: Bool {
    partitions.contains(where: \.waitsForReload) || (ends != nil && hasChanges && isFinished)
  }

  package var positions: [TopicPartition: Int64] {
    Dictionary(
      uniqueKeysWithValues: partitions.filter(\.isWritten).map { ($0.source, $0.position) })
  }

  /// Whether everything up to `ends` has been taken.
  var isAtEnds: Bool {
    ends != nil && !isAskingForEnds && openings.isEmpty && partitions.allSatisfy(\.isFinished)
  }

  /// Whether nothing more is to come: everything up to `ends` has been taken, and every task is
  /// through, or not waited for.
  var isFinished: Bool {
    isAtEnds && (!waitsForTasks || partitions.allSatisfy(\.table.isEveryTaskFinished))
  }

  /// Whether a task that is not through keeps the stage from finishing.
  var waitsForTasks = true

  /// Has the stage finish once it has processed what the deltas topic holds now. Behind a transaction
  /// that a dead producer has left open there may be more that counts, so that is waited for.
  /// Where it ends is asked for; nobody waits for the answer.
  func finish() { isAskingForEnds = true }

  private func askForEnds() throws {
    guard isAskingForEnds else { return }
    let deltas = (0..<context.plan.rollupPartitions).map {
      TopicPartition(topic: context.configuration.deltasTopic, partition: $0)
    }
    guard
      let found = try endsQuestion.ends(of: deltas, now: context.now(), withOpen: true)
    else { return }
    isAskingForEnds = false
    ends = found
    setStops()
  }

  private func setStops() {
    for partition in partitions { partition.stop = ends?[partition.source] }
  }

  package func advance() throws -> Int {
    try open()
    guard try hasMemory() else { return 0 }
    try askForEnds()
    var taken = 0
    for partition in partitions {
      if partition.waitsForReload {
        context.logger.info(
          "reloading rollups of \(partition.source): a correction reaches far back")
        try partition.reload(from: context.log)
      }
      taken += try partition.advance(limit: RollupStage.turn)
      try partition.checkArrival(now: context.now(), context.ends)
    }
    return taken
  }

  /// Whether there is memory to read further.
  private func hasMemory() throws -> Bool {
    let memory = context.process.memory
    let isReached = memory.isReached(
      by: context.name, holding: partitions.map(\.memory), context.logger)
    memory.admits(
      restore: openings.reduce(0) { $0 + $1.partition.restoringBytes }, by: context.name)
    guard !(isReached && ends != nil) else {
      throw OperatorError.stateTooLarge(memory.use.total, limit: memory.bytes)
    }
    return !isReached
  }

  package func advanceClock() {
    isClosing = isFinished
    for partition in partitions {
      partition.table.advance(now: context.clock.earlierWall, isComplete: isClosing)
    }
  }

  package func writeEffects() throws {
    // Closing may change nothing; the commit that says so holds offsets all the same.
    let changed = partitions.filter(\.hasChanges)
    for partition in changed.isEmpty ? partitions : changed {
      try partition.writeEffects(to: context.collector.transaction())
    }
  }

  package func didCommit() {
    for partition in partitions { partition.didCommit(now: context.clock.wall()) }
    hasClosed = isClosing && !partitions.contains { $0.table.isClosing }
    tidy()
  }

  /// Deltas are added once and never read again, whoever owns the partition next.
  private func tidy() {
    guard context.now() - lastTidied >= RollupStage.tidyingInterval else { return }
    lastTidied = context.now()
    let committed = Dictionary(
      uniqueKeysWithValues: partitions.filter { $0.committedPosition > 0 }.map {
        ($0.source, $0.committedPosition)
      })
    _ = context.log.prober.deleteRecords(before: committed)
  }

  package func suspend() {
    let kept = partitions
    drop()
    suspended = Dictionary(uniqueKeysWithValues: kept.map { ($0.source, $0) })
  }

  package func drop() {
    partitions.removeAll()
    suspended.removeAll()
    for opening in openings { opening.close() }
    openings.removeAll()
    scan?.close()
    scan = nil
    hasClosed = false
    context.process.memory.remove(context.name, context.logger)
  }

  // MARK: Taking over

  package func assign(_ sources: [TopicPartition]) throws {
    openings = sources.sorted().map { RollupOpening($0, context, suspended: suspended[$0]) }
    // Those that were not brought back belong to others.
    suspended.removeAll()
  }

  package var isOpening: Bool { openings.contains { $0.obstacle == nil } }

  package var obstacles: [String] {
    openings.compactMap { opening in
      opening.obstacle.map { "the rollups of \(opening.source) wait: \($0)" }
    }
  }

  package var summary: String {
    let count = partitions.reduce(0) { $0 + $1.table.count }
    return "\(partitions.count) rollup partition(s) taken over, \(count) rollups restored"
  }

  /// Brings the partitions that are not open yet on their way.
  private func open() throws {
    for opening in openings { try opening.advance(now: context.now()) }
    if scan == nil {
      let ready = openings.filter(\.isReadyToRestore)
      guard !ready.isEmpty else { return }
      for opening in ready { opening.beginRestore() }
      do {
        scan = try StateScan(
          Dictionary(grouping: ready, by: \.partition.target),
          starts: Dictionary(
            uniqueKeysWithValues: ready.map { ($0.partition.target, $0.targetStart) }),
          ends: Dictionary(uniqueKeysWithValues: ready.map { ($0.partition.target, $0.targetEnd) }),
          from: context.log
        ) { try $0.take($1) }
      } catch {
        return try restart(ready, after: error)
      }
    }
    guard let scan else { return }
    let restored: [RollupOpening]
    do { restored = try scan.advance() } catch {
      scan.close()
      self.scan = nil
      return try restart(scan.unfinished, after: error)
    }
    for opening in restored {
      opening.didRead()
      guard !opening.isOutdated else {
        opening.close()
        openings.removeAll { $0 === opening }
        openings.append(opening.fromTheBeginning())
        continue
      }
      partitions.append(try opening.makePartition())
      openings.removeAll { $0 === opening }
    }
    if scan.isFinished {
      scan.close()
      self.scan = nil
    }
    setStops()
  }

  /// Has partitions opened anew whose rollups could not be read for now: the others go on.
  private func restart(_ failed: [RollupOpening], after error: any Error) throws {
    guard isWorthAnotherTry(after: error) else { throw error }
    for former in failed {
      context.logger.warning("the rollups of \(former.source) are read again: \(error)")
      former.close()
      guard let index = openings.firstIndex(where: { $0 === former }) else { continue }
      openings[index] = former.successor(after: error, now: context.now())
    }
  }
}

/// A worker of the second stage.
package typealias RollupWorker = Worker<RollupStage>

extension Worker where S == RollupStage {
  package convenience init(
    configuration: Configuration, plan: TopicPlan, log: any Log, index: Int, logger: Logger,
    heartbeat: Heartbeat = Heartbeat(), meter: Meter = Meter(),
    process: ProcessContext = ProcessContext()
  ) throws {
    let context = try StageContext(
      WorkerName(configuration, stage: "rollups", index: index), configuration: configuration,
      plan: plan, log: log, logger: logger, meter: meter, process: process)
    self.init(RollupStage(context), context, heartbeat: heartbeat)
  }

  package func start() throws { try join() }

  /// Has the worker finish once it has processed what the deltas topic holds now.
  package func finish() { stage.finish() }

  /// Whether everything that the deltas held at `finish` is processed, but not every task is through.
  package var waitsForTasks: Bool { hasAssignment && stage.isAtEnds && !stage.isFinished }

  /// Has the worker finish without the tasks that are not through. What they have not passed stays open.
  package func leaveTasksOpen() { stage.waitsForTasks = false }

  /// Whether `finish` was asked for and everything up to then is published.
  package var isFinished: Bool { hasAssignment && stage.isFinished && !stage.hasChanges }

  /// Whether every partition of the deltas has been, whoever owns it. False while nobody has answered.
  package func isGroupFinished() throws -> Bool {
    guard let ends = stage.ends else { return false }
    return try stage.groupOffsets.hasReached(ends, now: context.now())
  }
}
