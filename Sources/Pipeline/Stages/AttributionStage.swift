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
  private let stopsAtEnd: Bool
  private let stateLimit: Int
  private(set) var tasks: [PartitionTask] = []
  /// Committed counts of tasks given up, so that totals survive a rebalance.
  private var formerCounts: [EventKind: InputCounts] = [:]

  /// - Parameters:
  ///   - stopsAtEnd: read to where the inputs end when they are taken over, and no further.
  ///   - stateLimit: bytes of state beyond which the stage refuses to go on.
  init(_ context: StageContext, stopsAtEnd: Bool, stateLimit: Int) {
    self.context = context
    self.stopsAtEnd = stopsAtEnd
    self.stateLimit = stateLimit
  }

  package var topics: [String] { context.plan.inputTopics.map(\.name) }
  package var openRows: Int { tasks.reduce(0) { $0 + $1.openRows } }
  package var isCatchingUp: Bool { false }
  package var hasChanges: Bool { tasks.contains(where: \.hasChanges) }
  package var wantsCommit: Bool { stopsAtEnd && hasChanges && isFinished }

  package var positions: [TopicPartition: Int64] {
    Dictionary(uniqueKeysWithValues: tasks.flatMap(\.positions))
  }

  /// Whether every task has read to its end.
  var isFinished: Bool { tasks.allSatisfy(\.isFinished) }

  /// Committed records, by input and outcome.
  var counts: [EventKind: InputCounts] {
    tasks.reduce(into: formerCounts) { counts, task in
      for (kind, count) in task.committedCounts {
        counts[kind, default: InputCounts()].add(count)
      }
    }
  }

  package func advance() throws -> Int {
    try checkSize()
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
    context.outbox.dropDeltas()
    for task in changed { try task.writeEffects(to: context.outbox) }
    try context.outbox.sendDeltas()
    for task in changed { try task.announce(to: context.outbox) }
  }

  package func didCommit() {
    for task in tasks { task.didCommit() }
  }

  package func drop() {
    formerCounts = counts
    tasks.removeAll()
  }

  // MARK: Taking over

  package func takeOver(_ partitions: [TopicPartition]) throws -> String {
    let configuration = context.configuration
    // What the rollup stage last heard of these tasks may be long past: nothing is final until they
    // have spoken again. Said before the restore, which can take a while.
    let clicks = partitions.filter { $0.topic == configuration.topics.clicks }
    for task in clicks.map(\.partition).sorted() {
      try context.outbox.broadcast(.active(.unknown), ofTask: task)
    }
    if context.outbox.isOpen { try context.outbox.commit([:], of: context.consumer) }
    let starts = try context.consumer.startOffsets(partitions)
    let stops = stopsAtEnd ? try context.consumer.endOffsets(partitions) : [:]
    let kinds = Dictionary(
      uniqueKeysWithValues: context.plan.inputTopics.map { ($0.name, $0.kind) })
    let groups = groups(partitions, kinds)
    let scan = try context.log.scan(groups.map { statePartition($0.number) })
    defer { scan.close() }
    var entries = 0
    for (number, roles) in groups {
      let changelogs = roles.map { role, _ in
        Changelog(
          name: role.rawValue, topic: configuration.stateTopic, partition: number,
          recordBytes: configuration.stateRecordBytes)
      }
      var live = changelogs.map { $0.makeLiveRecords() }
      try scan.readThrough(statePartition(number)) { record in
        for index in live.indices { live[index].add(record) }
      }
      for (index, (role, members)) in roles.enumerated() {
        let changelog = changelogs[index]
        let progress = try changelog.progress(of: live[index], under: configuration.definitions)
        var checkpoint = progress?.checkpoint ?? TaskCheckpoint()
        if checkpoint.secret.isEmpty {
          checkpoint.secret = TaskCheckpoint.makeSecret(context.random)
        }
        guard let secret = IdentitySecret(checkpoint.secret) else {
          throw PipelineError("the progress record of \(role.rawValue) \(number) is damaged")
        }
        let task = AttributionTask(
          definitions: configuration.definitions, kinds: Set(members.map { kinds[$0.topic]! }),
          secret: secret, longestWalk: configuration.longestWalk)
        if let progress { entries += try changelog.restore(task, progress, live[index]) }
        let inputs = try members.map { member in
          Input(
            kind: kinds[member.topic]!, partition: member,
            reader: try context.consumer.reader(of: member),
            definitions: configuration.definitions, start: starts[member] ?? 0,
            stop: stops[member], now: context.now())
        }
        tasks.append(
          PartitionTask(
            role: role, partition: number, inputs: inputs, task: task, changelog: changelog,
            checkpoint: checkpoint, context: context))
      }
      try checkSize()
    }
    return "\(tasks.count) task(s) taken over, \(entries) entries restored"
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
