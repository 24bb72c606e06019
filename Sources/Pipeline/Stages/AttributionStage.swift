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
  /// Between two tries to open a task for which there was no memory.
  private static let pauseBetweenOpenings: Milliseconds = 10_000

  private let context: StageContext
  private let stopsAtEnd: Bool
  private let repetition: StatusRepetition
  /// Tasks for which there was no memory, to be opened once there is.
  private var unopened: [UnopenedTask] = []
  private var isShedding = false
  private var nextOpening: Milliseconds = 0
  private(set) var tasks: [PartitionTask] = []
  /// Committed counts of tasks given up, so that totals survive a rebalance.
  private var formerCounts: [EventKind: InputCounts] = [:]

  /// - Parameters:
  ///   - stopsAtEnd: read to where the inputs end when they are taken over, and no further.
  init(_ context: StageContext, stopsAtEnd: Bool) {
    self.context = context
    self.stopsAtEnd = stopsAtEnd
    repetition = StatusRepetition(context.configuration, now: context.now())
  }

  package var topics: [String] { context.plan.inputTopics.map(\.name) }
  package var openRows: Int { tasks.reduce(0) { $0 + $1.openRows } }
  package var isCatchingUp: Bool { false }
  package var hasChanges: Bool { tasks.contains(where: \.hasChanges) }
  package var wantsCommit: Bool { stopsAtEnd && hasChanges && isFinished }

  /// A task that has read all there was to read has said its last word.
  package var isRepetitionDue: Bool {
    repetition.isDue(now: context.now()) && tasks.contains { $0.role == .keyed && !$0.isFinished }
  }

  package var positions: [TopicPartition: Int64] {
    Dictionary(uniqueKeysWithValues: tasks.flatMap(\.positions))
  }

  /// Whether every task has read to its end.
  var isFinished: Bool { unopened.isEmpty && tasks.allSatisfy(\.isFinished) }

  /// Committed records, by input and outcome.
  var counts: [EventKind: InputCounts] {
    tasks.reduce(into: formerCounts) { counts, task in
      for (kind, count) in task.committedCounts {
        counts[kind, default: InputCounts()].add(count)
      }
    }
  }

  package func advance() throws -> Int {
    guard try hasMemory() else { return 0 }
    if !unopened.isEmpty { try openNext() }
    var taken = 0
    for task in tasks {
      taken += try task.advance(
        limit: AttributionStage.turn, now: context.now(), outbox: context.outbox)
    }
    return taken
  }

  package func advanceClock() {}

  package func writeEffects() throws {
    let changed = tasks.filter(\.hasChanges)
    let isRepeating = isRepetitionDue
    context.outbox.dropDeltas()
    for task in changed { try task.writeEffects(to: context.outbox) }
    try context.outbox.sendDeltas()
    let speaking = isRepeating ? tasks : changed
    for task in speaking { try task.announce(to: context.outbox, isRepeating: isRepeating) }
    if isRepeating { repetition.begin() }
  }

  package func didCommit() {
    for task in tasks { task.didCommit() }
    repetition.didCommit(now: context.now())
    noteMisplaced()
  }

  private func noteMisplaced() {
    for (kind, counts) in counts where counts.misplaced > 0 {
      guard let topic = context.plan.inputTopics.first(where: { $0.kind == kind }) else { continue }
      context.process.misplaced.note(
        counts, of: topic.name, partitioner: context.configuration.partitioner, context.logger)
    }
  }

  package func drop() {
    formerCounts = counts
    tasks.removeAll()
    unopened.removeAll()
    isShedding = false
    context.process.memory.remove(context.name, context.logger)
  }

  // MARK: Taking over

  package func takeOver(_ partitions: [TopicPartition]) throws -> String {
    let starts = try context.consumer.startOffsets(partitions)
    try announceTakeOver(starts)
    let stops = stopsAtEnd ? try context.consumer.endOffsets(partitions) : [:]
    let kinds = Dictionary(
      uniqueKeysWithValues: context.plan.inputTopics.map { ($0.name, $0.kind) })
    let groups = groups(partitions, kinds)
    let scan = try context.log.scan(groups.map { statePartition($0.number) })
    defer { scan.close() }
    var entries = 0
    for (number, roles) in groups {
      let task = UnopenedTask(number: number, roles: roles, starts: starts, stops: stops)
      if let count = try open(task, from: scan) { entries += count }
    }
    let waiting = unopened.isEmpty ? "" : ", \(unopened.count) wait for memory"
    return "\(tasks.count) task(s) taken over, \(entries) entries restored\(waiting)"
  }

  /// What the rollup stage last heard of these tasks may be long past: nothing is final until they have
  /// spoken again. Said before the restore, which can take a while, and committed with their offsets, so
  /// that nobody can say it who has lost the tasks since.
  private func announceTakeOver(_ starts: [TopicPartition: Int64]) throws {
    let clicks = starts.filter { $0.key.topic == context.configuration.topics.clicks }
    guard !clicks.isEmpty else { return }
    for task in clicks.keys.map(\.partition).sorted() {
      try context.outbox.broadcast(.active(.unknown), ofTask: task)
    }
    try context.outbox.commit(clicks, of: context.consumer)
  }

  // MARK: Opening

  /// The tasks of one partition number, as they were assigned.
  private struct UnopenedTask {
    let number: Int32
    let roles: [(PartitionTask.Role, [TopicPartition])]
    let starts: [TopicPartition: Int64]
    let stops: [TopicPartition: Int64]
    /// Bytes that restoring it takes at the least.
    var needed = 0
  }

  /// Opens the tasks of a number and reads their state back.
  ///
  /// - Returns: the number of entries restored; nil where there is no memory for them.
  private func open(_ unopened: UnopenedTask, from scan: any LogScan) throws -> Int? {
    let configuration = context.configuration
    let memory = context.process.memory
    guard stopsAtEnd || memory.hasRoom(for: unopened.needed) else {
      wait(unopened)
      return nil
    }
    let kinds = Dictionary(
      uniqueKeysWithValues: context.plan.inputTopics.map { ($0.name, $0.kind) })
    var restored: [(changelog: Changelog, task: AttributionTask)] = []
    var opened: [PartitionTask] = []
    for (role, members) in unopened.roles {
      let inputs = try members.map { member in
        Input(
          kind: kinds[member.topic]!, partition: member,
          reader: try context.consumer.reader(of: member),
          definitions: configuration.definitions, start: unopened.starts[member] ?? 0,
          stop: unopened.stops[member], now: context.now())
      }
      let task = AttributionTask(
        definitions: configuration.definitions, kinds: Set(inputs.map(\.kind)))
      let changelog = Changelog(
        name: role.rawValue, topic: configuration.stateTopic, partition: unopened.number,
        recordBytes: configuration.stateRecordBytes)
      restored.append((changelog, task))
      opened.append(
        PartitionTask(
          role: role, partition: unopened.number, inputs: inputs, task: task,
          changelog: changelog, context: context))
    }
    var needed = 0
    var isTooMuch = false
    let count = try Changelog.restore(
      restored, of: statePartition(unopened.number), from: scan
    ) { bytes in
      needed = max(needed, bytes)
      isTooMuch = !memory.admits(restore: bytes, by: context.name)
      if isTooMuch && stopsAtEnd {
        throw PipelineError.stateTooLarge(memory.use.total, limit: memory.bytes)
      }
      return !isTooMuch
    }
    if isTooMuch {
      // What was read back is given up again; the other tasks go on.
      memory.admits(restore: 0, by: context.name)
      var waiting = unopened
      waiting.needed = needed
      wait(waiting)
      return nil
    }
    tasks += opened
    _ = try hasMemory()
    return count
  }

  /// Leaves a task until there is room for it.
  private func wait(_ task: UnopenedTask) {
    unopened.append(task)
    context.logger.warning(
      """
      task \(task.number) waits for memory: restoring it would take more than max_memory allows; the \
      other tasks go on
      """)
  }

  /// Opens a task that waited, where there is room again.
  private func openNext() throws {
    guard context.now() >= nextOpening,
      let index = unopened.firstIndex(where: { context.process.memory.hasRoom(for: $0.needed) })
    else { return }
    nextOpening = context.now() + AttributionStage.pauseBetweenOpenings
    let next = unopened.remove(at: index)
    let scan = try context.log.scan([statePartition(next.number)])
    defer { scan.close() }
    if let count = try open(next, from: scan) {
      context.logger.notice("task \(next.number) is taken over, \(count) entries restored")
    }
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
      throw PipelineError.stateTooLarge(memory.use.total, limit: memory.bytes)
    }
    if isReached != isShedding {
      isShedding = isReached
      if isShedding { for task in tasks { task.stopReading() } }
    }
    return !isReached
  }

  private func statePartition(_ number: Int32) -> TopicPartition {
    TopicPartition(topic: context.configuration.stateTopic, partition: number)
  }

  /// The partitions by number and role. Inputs of one number come to one member by `range`.
  private func groups(
    _ partitions: [TopicPartition], _ kinds: [String: EventKind]
  ) -> [(number: Int32, roles: [(PartitionTask.Role, [TopicPartition])])] {
    let sorted = partitions.sorted { kinds[$0.topic]!.rawValue < kinds[$1.topic]!.rawValue }
    let numbers = Dictionary(grouping: sorted, by: \.partition).sorted { $0.key < $1.key }
    return numbers.map { number, members in
      let costs = members.filter { kinds[$0.topic] == .cost }
      let keyed = members.filter { kinds[$0.topic] != .cost }
      let roles: [(PartitionTask.Role, [TopicPartition])] = [(.keyed, keyed), (.costs, costs)]
      return (number, roles.filter { !$0.1.isEmpty })
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

  /// Where every input ends now, whoever owns it. Asks the broker.
  package func inputEnds() throws -> [TopicPartition: Int64] {
    try context.consumer.endOffsets(context.plan.inputPartitions)
  }

  /// Whether the whole group has committed up to `ends`: other members' partitions included, and those
  /// of a member that is gone and whose partitions nobody has got yet. Asks the broker.
  package func isGroupFinished(upTo ends: [TopicPartition: Int64]) throws -> Bool {
    let committed = try context.consumer.startOffsets(Array(ends.keys))
    return ends.allSatisfy { committed[$0.key, default: 0] >= $0.value }
  }

  /// Committed records, by input and outcome.
  package var counts: [EventKind: InputCounts] { stage.counts }
}
