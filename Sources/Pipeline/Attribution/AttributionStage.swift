import Attribution
import Cluster
import Configuration
import Kafka
import Logging

/// The first stage: from events to deltas and attributions, one task per partition number.
///
/// Offsets, changelog, deltas, attributions and what was set aside go into one transaction per
/// commit.
package final class AttributionStage: Stage {
  /// Rows per task and step, so that tasks take turns.
  private static let turn = 8_192

  let context: StageContext
  let inputEnds: LogEnds
  let groupOffsets: GroupOffsets
  let stopsAtEnd: Bool
  private let repetition: StatusRepetition
  var isShedding = false
  var tasks: [StreamTask] = []
  /// Given up with the last commit, until the next assignment.
  var suspended: [TaskID: SuspendedTask] = [:]
  /// Of the tasks that were opened last, how many went on with what they remembered.
  var resumedCount = 0
  /// Assigned, and not running yet.
  var openings: [TaskOpening] = []
  /// The state partitions that are being read.
  var scan: StateScan<TaskOpening>?
  /// Tasks of which only some inputs were assigned, in words.
  var splits: [String] = []
  var openedEntries = 0
  /// Of those, how many came from copies on this machine.
  var copiedEntries = 0
  private var copyPositions: CopyPositions
  /// Committed counts of tasks given up, so that totals survive a rebalance.
  private var formerCounts: [String: InputCounts] = [:]

  /// - Parameters:
  ///   - stopsAtEnd: read to where the inputs end when they are taken over, and no further.
  init(_ context: StageContext, stopsAtEnd: Bool) {
    self.context = context
    self.stopsAtEnd = stopsAtEnd
    inputEnds = LogEnds(context.log.prober)
    groupOffsets = GroupOffsets(context.log.prober, group: context.group)
    repetition = StatusRepetition(context.configuration, now: context.now())
    copyPositions = CopyPositions(
      commitInterval: context.configuration.commitInterval, now: context.now())
  }

  package var topics: [String] { context.plan.inputTopics.map(\.name) }
  package var uncommittedRows: Int { tasks.reduce(0) { $0 + $1.uncommittedRows } }
  package var isCatchingUp: Bool { false }
  package var hasChanges: Bool {
    !unannounced.isEmpty || tasks.contains(where: \.hasChanges)
  }

  package var wantsCommit: Bool {
    !unannounced.isEmpty || (stopsAtEnd && hasChanges && isFinished)
      || tasks.contains(where: \.isOvertaken)
  }

  /// A task that has read all there was to read has said its last word.
  package var isRepetitionDue: Bool {
    repetition.isDue(now: context.now()) && tasks.contains { $0.kind == .keyed && !$0.isFinished }
  }

  /// Of the tasks that the commit under way writes: offsets and progress records say the same.
  package var positions: [TopicPartition: Int64] {
    var positions = Dictionary(
      uniqueKeysWithValues: tasks.filter(\.isWritten).flatMap(\.positions))
    for opening in announced { positions.merge(opening.committedOffsets ?? [:]) { $1 } }
    return positions
  }

  /// Whether every task has read to its end.
  var isFinished: Bool { openings.isEmpty && tasks.allSatisfy(\.isFinished) }

  /// Tasks whose new owner the rollup stage does not know of.
  private var unannounced: [TaskOpening] {
    openings.filter { !$0.isAnnounced && $0.committedOffsets?.isEmpty == false }
  }

  /// Those of which the commit under way tells it.
  private var announced: [TaskOpening] = []

  /// Committed records, by topic and outcome.
  var counts: [String: InputCounts] {
    tasks.reduce(into: formerCounts) { counts, task in
      for (topic, count) in task.committedCounts {
        counts[topic, default: InputCounts()].add(count)
      }
    }
  }

  package func advance() throws -> Int {
    try open()
    notePositions()
    guard try hasMemory() else { return 0 }
    var taken = 0
    for task in tasks {
      if let error = task.overtaken, task.uncommittedRows == 0 { throw error }
      taken += try task.advance(
        limit: AttributionStage.turn, now: context.now(), collector: context.collector)
    }
    return taken
  }

  /// Lets the tasks know from where on a restart would have to read what their copies do not have.
  private func notePositions() {
    guard context.process.copies != nil,
      let ends = copyPositions.advance(
        now: context.now(), context.log.prober, Array(Set(tasks.map(\.statePartition))).sorted())
    else { return }
    for task in tasks {
      if let end = ends[task.statePartition] { task.note(stateEnd: end) }
    }
  }

  package func advanceClock() {}

  package func writeEffects() throws {
    let isRepeating = isRepetitionDue
    let changed = isRepeating ? tasks : tasks.filter(\.hasChanges)
    context.collector.dropDeltas()
    // What it last heard of these tasks may be long past: nothing is final until they have spoken again. Said
    // before their state is read, which can take a while.
    announced = unannounced
    for opening in announced where opening.kind == .keyed {
      context.collector.broadcast(StatusReport(task: opening.number, status: .active(.unknown)))
    }
    for task in changed { try task.writeEffects(to: context.collector) }
    try context.collector.sendDeltas()
    for task in changed { try task.announce(to: context.collector, isRepeating: isRepeating) }
    try context.collector.sendStatuses()
    if isRepeating { repetition.begin() }
  }

  package func didCommit() {
    for task in tasks { task.didCommit() }
    for opening in announced { opening.isAnnounced = true }
    announced = []
    repetition.didCommit(now: context.now())
    noteMisplaced()
  }

  /// Committed dead letters.
  var unusable: [WorkerCounters.Unusable: Int] { context.collector.unusable }

  private func noteMisplaced() {
    for (topic, counts) in counts where counts.misplaced > 0 {
      context.process.misplaced.note(
        counts, of: topic, partitioner: context.configuration.partitioner, context.logger)
    }
  }

  package func suspend() {
    formerCounts = counts
    let kept = tasks.compactMap { $0.suspend() }
    tasks.removeAll()
    drop()
    suspended = Dictionary(uniqueKeysWithValues: kept.map { ($0.id, $0) })
  }

  package func drop() {
    formerCounts = counts
    for task in tasks { task.close() }
    tasks.removeAll()
    suspended.removeAll()
    for opening in openings { opening.close() }
    openings.removeAll()
    announced.removeAll()
    splits.removeAll()
    scan?.close()
    scan = nil
    isShedding = false
    context.process.memory.remove(context.name, context.logger)
  }
}
