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

  private let context: StageContext
  fileprivate let inputEnds: LogEnds
  fileprivate let groupOffsets: GroupOffsets
  private let stopsAtEnd: Bool
  private let repetition: StatusRepetition
  private var isShedding = false
  private(set) var tasks: [StreamTask] = []
  /// Assigned, and not running yet.
  private var openings: [TaskOpening] = []
  /// The state partitions that are being read.
  private var scan: StateScan<TaskOpening>?
  /// Tasks of which only some inputs were assigned, in words.
  private var splits: [String] = []
  private var openedEntries = 0
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
    guard try hasMemory() else { return 0 }
    var taken = 0
    for task in tasks {
      if let error = task.overtaken, task.uncommittedRows == 0 { throw error }
      taken += try task.advance(
        limit: AttributionStage.turn, now: context.now(), collector: context.collector)
    }
    return taken
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
      try context.collector.broadcast(.active(.unknown), ofTask: opening.number)
    }
    for task in changed { try task.writeEffects(to: context.collector) }
    try context.collector.sendDeltas()
    for task in changed { try task.announce(to: context.collector, isRepeating: isRepeating) }
    if isRepeating { repetition.begin() }
  }

  package func didCommit() {
    for task in tasks { task.didCommit() }
    for opening in announced { opening.isAnnounced = true }
    announced = []
    repetition.didCommit(now: context.now())
    noteMisplaced()
  }

  private func noteMisplaced() {
    for (topic, counts) in counts where counts.misplaced > 0 {
      context.process.misplaced.note(
        counts, of: topic, partitioner: context.configuration.partitioner, context.logger)
    }
  }

  package func drop() {
    formerCounts = counts
    for task in tasks { task.close() }
    tasks.removeAll()
    for opening in openings { opening.close() }
    openings.removeAll()
    announced.removeAll()
    splits.removeAll()
    scan?.close()
    scan = nil
    isShedding = false
    context.process.memory.remove(context.name, context.logger)
  }

  // MARK: Taking over

  package func assign(_ partitions: [TopicPartition]) throws {
    let (opened, split) = try TaskAssignment(partitions, context.plan).openings(context)
    openings = opened
    for problem in split { context.logger.error("\(problem)") }
    splits = split
    openedEntries = 0
  }

  package var isOpening: Bool { openings.contains { $0.obstacle == nil } }

  package var obstacles: [String] {
    splits
      + openings.compactMap { opening in
        opening.obstacle.map { "task \(opening.name) waits: \($0)" }
      }
  }

  package var summary: String {
    "\(tasks.count) task(s) taken over, \(openedEntries) entries restored"
  }

  /// Brings the tasks that do not run yet on their way.
  private func open() throws {
    let now = context.now()
    let waiting = openings.filter { $0.obstacle != nil }
    for opening in openings {
      try opening.advance(now: now)
      // The group has no offsets of it, which would fence the word: nobody has spoken for it lately.
      if opening.committedOffsets?.isEmpty == true { opening.isAnnounced = true }
    }
    sayWhoWaits(before: waiting)
    // None before all: what one of them counts must not be final by another's former word.
    guard openings.allSatisfy(\.isAnnounced) else { return }
    try readState()
    for opening in openings where opening.isReadyToRun {
      guard try mayHold(opening.bytesToRestore, for: [opening]) else { continue }
      let task = try opening.makeTask(stopsAtEnd: stopsAtEnd)
      let memory = (tasks + [task]).flatMap(\.memory)
      guard stopsAtEnd || context.process.memory.admits(memory, of: context.name) else {
        let needed = task.memory.reduce(0) { $0 + $1.bytes }
        task.close()
        replace(opening, by: opening.waitingForMemory(of: needed, now: now))
        continue
      }
      tasks.append(task)
      openedEntries += opening.entries
      openings.removeAll { $0 === opening }
      noteRestoring()
    }
    tasks.sort { ($0.partition, $0.kind.rawValue) < ($1.partition, $1.kind.rawValue) }
  }

  // MARK: Memory

  var memoryInUse: MemoryLimit.Use { context.process.memory.use }

  /// Whether there is memory to read further. Once there is none, no task is idle any more: what waits in
  /// its inputs is not known.
  private func hasMemory() throws -> Bool {
    let memory = context.process.memory
    let isReached = memory.isReached(
      by: context.name, holding: tasks.flatMap(\.memory), context.logger)
    guard !(isReached && stopsAtEnd) else {
      throw OperatorError.stateTooLarge(memory.use.total, limit: memory.bytes)
    }
    if isReached != isShedding {
      isShedding = isReached
      if isShedding { for task in tasks { task.stopReading() } }
    }
    noteRestoring()
    return !isReached
  }

  /// Notes what the tasks that are being restored hold.
  @discardableResult
  private func noteRestoring(more: Int = 0) -> Bool {
    context.process.memory.admits(
      restore: openings.reduce(more) { $0 + $1.heldBytes }, by: context.name)
  }

  /// Whether there is memory for restoring tasks further. Where there is none, they give up what was read back
  /// and wait; the other tasks go on.
  private func mayHold(_ more: Int, for restoring: [TaskOpening]) throws -> Bool {
    if noteRestoring(more: more) { return true }
    let memory = context.process.memory
    guard !stopsAtEnd else {
      throw OperatorError.stateTooLarge(memory.use.total, limit: memory.bytes)
    }
    for opening in restoring {
      let needed = opening.heldBytes + opening.bytesToRestore
      replace(opening, by: opening.waitingForMemory(of: needed, now: context.now()))
    }
    noteRestoring()
    return false
  }

  private func replace(_ former: TaskOpening, by successor: TaskOpening) {
    former.close()
    guard let index = openings.firstIndex(where: { $0 === former }) else { return }
    openings[index] = successor
  }

  /// Says once for all tasks that the same thing keeps back, and once when they go on.
  private func sayWhoWaits(before: [TaskOpening]) {
    let (former, current) = (
      before.filter { $0.obstacle == nil }, openings.filter { $0.obstacle != nil }
    )
    if !former.isEmpty { context.logger.notice("\(names(of: former)) goes on") }
    let new = current.filter { opening in !before.contains { $0 === opening } }
    let causes = Dictionary(grouping: new) { opening in
      (opening.obstacle as? KafkaError)?.name ?? "\(opening.obstacle!)"
    }
    for (_, tasks) in causes.sorted(by: { $0.key < $1.key }) {
      context.logger.warning(
        "\(names(of: tasks)) waits, the others go on: \(tasks[0].obstacle!)")
    }
  }

  private func names(of openings: [TaskOpening]) -> String {
    let shown = openings.prefix(4).map(\.name).joined(separator: ", ")
    let rest = openings.count > 4 ? " and \(openings.count - 4) more" : ""
    return "task \(shown)\(rest)"
  }

  /// Reads state partitions for those who are ready, a slice per step.
  private func readState() throws {
    if scan == nil {
      let memory = context.process.memory
      let ready = openings.filter {
        $0.isReadyToRestore && (stopsAtEnd || memory.hasRoom(for: $0.bytesNeeded))
      }
      guard !ready.isEmpty else { return }
      for opening in ready { opening.beginRestore() }
      do {
        scan = try StateScan(
          Dictionary(grouping: ready, by: \.statePartition),
          ends: Dictionary(ready.map { ($0.statePartition, $0.stateEnd) }) { max($0, $1) },
          from: context.log
        ) { $0.take($1) }
      } catch {
        return try restart(ready, after: error)
      }
    }
    guard let scan else { return }
    do {
      for opening in try scan.advance() { try opening.didReadState() }
    } catch {
      scan.close()
      self.scan = nil
      return try restart(scan.unfinished, after: error)
    }
    let hasRoom = try mayHold(0, for: scan.unfinished)
    if scan.isFinished || !hasRoom {
      scan.close()
      self.scan = nil
    }
  }

  /// Committed dead letters.
  var unusable: [WorkerCounters.Unusable: Int] { context.collector.unusable }

  /// Has tasks opened anew whose state could not be read for now: the others go on.
  private func restart(_ failed: [TaskOpening], after error: any Error) throws {
    let mayBeTransient =
      (error as? KafkaError).map { !$0.requiresOperator || $0.mayBeTransient }
      ?? (error is LogStall)
    guard mayBeTransient else { throw error }
    for former in failed {
      context.logger.warning("the state of task \(former.name) is read again: \(error)")
      replace(former, by: former.successor(after: error, now: context.now()))
    }
  }
}

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
