import Attribution
import Configuration
import Kafka
import Logging

/// The first stage on one thread: a group member that owns tasks, and a producer for their effects.
///
/// Offsets, changelog, deltas, attributions and what was set aside go into one transaction per
/// commit. Not thread-safe; `step` is called over and over by whoever drives it.
package final class AttributionWorker {
  /// Rows after which a commit does not wait for the interval.
  private static let largestCommit = 250_000
  /// Rows per task and step, so that tasks take turns.
  private static let turn = 8_192

  private let configuration: Configuration
  private let plan: TopicPlan
  private let log: any Log
  private let logger: Logger
  private let stopsAtEnd: Bool
  private let now: () -> Milliseconds
  private let consumer: any LogConsumer
  private let producer: any LogProducer
  private let outbox: Outbox
  private var tasks: [PartitionTask] = []
  private var hasAssignment = false
  /// Where every input ended at the start, when that is where to stop.
  private var ends: [TopicPartition: Int64] = [:]
  private var lastCommit: Milliseconds
  private var failure: (any Error)?
  /// Counts of tasks given up, so that totals survive a rebalance.
  private var formerCounts: [EventKind: InputCounts] = [:]

  package init(
    configuration: Configuration, plan: TopicPlan, log: any Log, index: Int, stopsAtEnd: Bool,
    logger: Logger, now: @escaping () -> Milliseconds
  ) throws {
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.logger = logger
    self.stopsAtEnd = stopsAtEnd
    self.now = now
    lastCommit = now()
    let member = WorkerName(configuration, stage: "attribution", index: index)
    producer = try log.makeProducer(transactionalID: member.transactionalID)
    outbox = Outbox(
      producer: producer, configuration: configuration, deltaPartitions: plan.rollupPartitions)
    consumer = try log.makeConsumer(group: member.group, member: member.instanceID)
  }

  /// Joins the group.
  package func start() throws {
    if stopsAtEnd { ends = try consumer.endOffsets(plan.inputPartitions) }
    try consumer.subscribe(plan.inputTopics.map(\.name)) { [unowned self] event in
      do { try rebalance(event) } catch { failure = failure ?? error }
    }
  }

  /// Whether everything that the topics held at the start has been processed and committed.
  package var isFinished: Bool {
    stopsAtEnd && hasAssignment && tasks.allSatisfy { $0.isFinished && !$0.hasChanges }
  }

  /// Whether the whole group has: other members' partitions included, and those of a member that is
  /// gone and whose partitions nobody has got yet. Asks the broker.
  package func isGroupFinished() throws -> Bool {
    let committed = try consumer.startOffsets(plan.inputPartitions)
    return ends.allSatisfy { committed[$0.key, default: 0] >= $0.value }
  }

  package var counts: [EventKind: InputCounts] {
    var counts = formerCounts
    for input in tasks.flatMap(\.inputs) {
      counts[input.kind, default: InputCounts()].add(input.counts)
    }
    return counts
  }

  /// Serves the group, takes what has arrived, commits when due. Blocks for at most 100 ms.
  package func step() throws {
    try consumer.poll()
    if let failure { throw failure }
    var taken = 0
    for task in tasks {
      taken += try task.advance(limit: AttributionWorker.turn, now: now(), outbox: outbox)
    }
    let time = now()
    let openRows = tasks.reduce(0) { $0 + $1.openRows }
    if time - lastCommit >= configuration.commitInterval
      || openRows >= AttributionWorker.largestCommit
      || (stopsAtEnd && taken == 0 && tasks.allSatisfy(\.isFinished))
    {
      try commit()
    }
    if taken == 0 {
      let due = lastCommit + configuration.commitInterval - now()
      consumer.wait(milliseconds: Int32(max(1, min(100, due))))
    }
  }

  /// Ends a blocking step, from any thread.
  package var waker: @Sendable () -> Void { consumer.waker }

  /// Commits what is open and leaves the group.
  package func stop() throws {
    defer { close() }
    if let failure { throw failure }
    try commit()
  }

  /// Leaves without committing.
  package func close() {
    try? outbox.abort()
    drop()
    consumer.close()
    producer.close()
  }

  // MARK: Transactions

  private func commit() throws {
    lastCommit = now()
    guard tasks.contains(where: \.hasChanges) || outbox.isOpen else { return }
    for task in tasks where task.hasChanges { try task.writeEffects(to: outbox) }
    let positions = tasks.flatMap(\.positions)
    try outbox.commit(
      Dictionary(uniqueKeysWithValues: positions.filter { $0.1 >= 0 }), of: consumer)
    for task in tasks { task.didCommit() }
  }

  // MARK: Rebalance

  private func rebalance(_ event: Rebalance) throws {
    // After a failure the open transaction holds half of something: nothing may commit it.
    guard failure == nil else { return drop() }
    switch event {
    case .assigned(let partitions):
      try take(over: partitions)
    case .revoked:
      defer { drop() }
      try commit()
    case .lost:
      defer { drop() }
      logger.warning("partitions lost: their open transaction is aborted, nothing is counted twice")
      try outbox.abort()
    }
  }

  private func drop() {
    formerCounts = counts
    tasks.removeAll()
    hasAssignment = false
  }

  private func take(over partitions: [TopicPartition]) throws {
    let began = now()
    // What the rollup stage last heard of these tasks may be long past: nothing is final until they
    // have spoken again. Said before the restore, which can take a while.
    for partition in Set(partitions.filter { $0.topic == configuration.topics.clicks }) {
      try outbox.broadcast(.active(.unknown), ofTask: partition.partition)
    }
    if outbox.isOpen { try outbox.commit([:], of: consumer) }
    let starts = try consumer.startOffsets(partitions)
    let stops = stopsAtEnd ? try consumer.endOffsets(partitions) : [:]
    let kinds = Dictionary(uniqueKeysWithValues: plan.inputTopics.map { ($0.name, $0.kind) })
    var entries = 0
    for (role, group) in groups(partitions, kinds) {
      for (partition, members) in group.sorted(by: { $0.key < $1.key }) {
        let inputs = try members.map { member in
          Input(
            kind: kinds[member.topic]!, partition: member, reader: try consumer.reader(of: member),
            definitions: configuration.definitions, start: starts[member] ?? 0,
            stop: stops[member], now: now())
        }
        let task = AttributionTask(
          definitions: configuration.definitions, kinds: Set(inputs.map(\.kind)))
        let changelog = Changelog(
          name: role.rawValue, topic: configuration.stateTopic, partition: partition)
        entries += try changelog.restore(task, from: log)
        tasks.append(
          PartitionTask(
            role: role, partition: partition, inputs: inputs, task: task, changelog: changelog,
            configuration: configuration))
      }
    }
    hasAssignment = true
    logger.info(
      "\(tasks.count) task(s) taken over, \(entries) entries restored in \(now() - began) ms")
  }

  /// The partitions by role and number. Inputs of one number come to one member by `range`.
  private func groups(
    _ partitions: [TopicPartition], _ kinds: [String: EventKind]
  ) -> [(PartitionTask.Role, [Int32: [TopicPartition]])] {
    let sorted = partitions.sorted { kinds[$0.topic]!.rawValue < kinds[$1.topic]!.rawValue }
    let keyed = sorted.filter { kinds[$0.topic] != .cost }
    let costs = sorted.filter { kinds[$0.topic] == .cost }
    return [
      (.keyed, Dictionary(grouping: keyed, by: \.partition)),
      (.costs, Dictionary(grouping: costs, by: \.partition)),
    ]
  }
}
