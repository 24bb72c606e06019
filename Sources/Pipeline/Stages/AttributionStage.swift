import Attribution
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
  private let stateLimit: Int
  private(set) var tasks: [PartitionTask] = []
  /// Assigned, and not running yet.
  private var openings: [TaskOpening] = []
  /// The state partitions that are being read.
  private var scan: StateScan<TaskOpening>?
  /// Tasks of which only some inputs were assigned, in words.
  private var splits: [String] = []
  private var openedEntries = 0
  /// Committed counts of tasks given up, so that totals survive a rebalance.
  private var formerCounts: [EventKind: InputCounts] = [:]

  /// - Parameters:
  ///   - stopsAtEnd: read to where the inputs end when they are taken over, and no further.
  ///   - stateLimit: bytes of state beyond which the stage refuses to go on.
  init(_ context: StageContext, stopsAtEnd: Bool, stateLimit: Int) {
    self.context = context
    self.stopsAtEnd = stopsAtEnd
    self.stateLimit = stateLimit
    inputEnds = LogEnds(context.log.prober)
    groupOffsets = GroupOffsets(context.log.prober, group: context.group)
  }

  package var topics: [String] { context.plan.inputTopics.map(\.name) }
  package var openRows: Int { tasks.reduce(0) { $0 + $1.openRows } }
  package var isCatchingUp: Bool { false }
  package var hasChanges: Bool {
    !unannounced.isEmpty || tasks.contains(where: \.hasChanges)
  }

  package var wantsCommit: Bool {
    !unannounced.isEmpty || (stopsAtEnd && hasChanges && isFinished)
      || tasks.contains(where: \.isOvertaken)
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
    openings.filter { !$0.isAnnounced && $0.committedOffsets != nil }
  }

  /// Those of which the commit under way tells it.
  private var announced: [TaskOpening] = []

  /// Committed records, by input and outcome.
  var counts: [EventKind: InputCounts] {
    tasks.reduce(into: formerCounts) { counts, task in
      for (kind, count) in task.committedCounts {
        counts[kind, default: InputCounts()].add(count)
      }
    }
  }

  package func advance() throws -> Int {
    try open()
    try checkSize()
    var taken = 0
    for task in tasks {
      if let error = task.overtaken, task.openRows == 0 { throw error }
      taken += try task.advance(
        limit: AttributionStage.turn, now: context.now(), outbox: context.outbox)
    }
    return taken
  }

  package func advanceClock() {}

  package func writeEffects() throws {
    let changed = tasks.filter(\.hasChanges)
    context.outbox.dropDeltas()
    // What it last heard of these tasks may be long past: nothing is final until they have spoken again. Said
    // before their state is read, which can take a while.
    announced = unannounced
    for opening in announced where opening.role == .keyed {
      try context.outbox.broadcast(.active(.unknown), ofTask: opening.number)
    }
    for task in changed { try task.writeEffects(to: context.outbox) }
    try context.outbox.sendDeltas()
    for task in changed { try task.announce(to: context.outbox) }
  }

  package func didCommit() {
    for task in tasks { task.didCommit() }
    for opening in announced { opening.isAnnounced = true }
    announced = []
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
    for opening in openings { try opening.advance(now: now) }
    sayWhoWaits(before: waiting)
    // None before all: what one of them counts must not be final by another's former word.
    guard openings.allSatisfy(\.isAnnounced) else { return }
    try readState()
    for (index, opening) in openings.enumerated().reversed() where opening.isReadyToRun {
      tasks.append(try opening.makeTask(stopsAtEnd: stopsAtEnd))
      openedEntries += opening.entries
      openings.remove(at: index)
      try checkSize()
    }
    tasks.sort { ($0.partition, $0.role.rawValue) < ($1.partition, $1.role.rawValue) }
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
      let ready = openings.filter(\.isReadyToRestore)
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
    if scan.isFinished {
      scan.close()
      self.scan = nil
    }
  }

  /// Has tasks opened anew whose state could not be read for now: the others go on.
  private func restart(_ failed: [TaskOpening], after error: any Error) throws {
    let mayPass =
      (error as? KafkaError).map { !$0.needsOperator || $0.mayPass } ?? (error is LogStall)
    guard mayPass else { throw error }
    for former in failed {
      context.logger.warning("the state of task \(former.name) is read again: \(error)")
      former.close()
      guard let index = openings.firstIndex(where: { $0 === former }) else { continue }
      openings[index] = former.successor(after: error, now: context.now())
    }
  }

  private func checkSize() throws {
    let bytes = tasks.reduce(0) { $0 + $1.task.byteCount }
    guard bytes <= stateLimit else {
      throw PipelineError.stateTooLarge(bytes, limit: stateLimit)
    }
  }
}

/// A worker of the first stage.
package typealias AttributionWorker = Worker<AttributionStage>

extension Worker where S == AttributionStage {
  /// - Parameters:
  ///   - stopsAtEnd: process what the topics hold at the start, and finish.
  ///   - stateLimit: the most that the worker's state may take, in bytes.
  package convenience init(
    configuration: Configuration, plan: TopicPlan, log: any Log, index: Int, stopsAtEnd: Bool,
    stateLimit: Int = .max, logger: Logger, heartbeat: Heartbeat = Heartbeat(),
    meter: Meter = Meter(), now: @escaping () -> Milliseconds,
    random: @escaping () -> UInt64 = { .random(in: .min ... .max) }
  ) throws {
    let context = try StageContext(
      WorkerName(configuration, stage: "attribution", index: index), configuration: configuration,
      plan: plan, log: log, logger: logger, meter: meter, now: now, random: random)
    let stage = AttributionStage(context, stopsAtEnd: stopsAtEnd, stateLimit: stateLimit)
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

  /// Committed records, by input and outcome.
  package var counts: [EventKind: InputCounts] { stage.counts }
}
