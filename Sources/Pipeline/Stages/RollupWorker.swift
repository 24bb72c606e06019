import Attribution
import Configuration
import Kafka
import Logging

/// The second stage on one thread: the only writer of the rollups topic.
///
/// Adds the deltas of its partitions, decides finality, and publishes in one transaction with the
/// offsets of the deltas. Not thread-safe; `step` is called over and over by whoever drives it.
package final class RollupWorker {
  private static let turn = 16_384
  private static let largestCommit = 200_000

  private let configuration: Configuration
  private let plan: TopicPlan
  private let log: any Log
  private let logger: Logger
  private let now: () -> Milliseconds
  private let consumer: any LogConsumer
  private let producer: any LogProducer
  private let outbox: Outbox
  private var partitions: [RollupPartition] = []
  private var hasAssignment = false
  private var lastCommit: Milliseconds
  private var failure: (any Error)?
  private var isFinishing = false
  /// Where the deltas ended when `finish` was asked for.
  private var ends: [TopicPartition: Int64] = [:]

  package init(
    configuration: Configuration, plan: TopicPlan, log: any Log, index: Int, logger: Logger,
    now: @escaping () -> Milliseconds
  ) throws {
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.logger = logger
    self.now = now
    lastCommit = now()
    let name = WorkerName(configuration, stage: "rollups", index: index)
    producer = try log.makeProducer(transactionalID: name.transactionalID)
    outbox = Outbox(
      producer: producer, configuration: configuration, deltaPartitions: plan.rollupPartitions)
    consumer = try log.makeConsumer(group: name.group, member: name.instanceID)
  }

  /// Joins the group.
  package func start() throws {
    try consumer.subscribe([configuration.deltasTopic]) { [unowned self] event in
      do { try rebalance(event) } catch { failure = failure ?? error }
    }
  }

  /// Has the worker finish once it has processed what the deltas topic holds now.
  package func finish() throws {
    isFinishing = true
    try setStops()
  }

  /// Whether every partition of the deltas has been, whoever owns it. Asks the broker.
  package func isGroupFinished() throws -> Bool {
    let committed = try consumer.startOffsets(Array(ends.keys))
    return ends.allSatisfy { committed[$0.key, default: 0] >= $0.value }
  }

  private func setStops() throws {
    if ends.isEmpty {
      ends = try consumer.endOffsets(
        (0..<plan.rollupPartitions).map {
          TopicPartition(topic: configuration.deltasTopic, partition: $0)
        })
    }
    for partition in partitions { partition.stop = ends[partition.source] }
  }

  /// Whether `finish` was asked for and everything up to then is published.
  package var isFinished: Bool {
    isFinishing && hasAssignment && partitions.allSatisfy { $0.isFinished && !$0.hasChanges }
  }

  /// Serves the group, adds what has arrived, commits when due. Blocks for at most 100 ms.
  package func step() throws {
    try consumer.poll()
    if let failure { throw failure }
    var taken = 0
    for partition in partitions { taken += try advance(partition) }
    let openRecords = partitions.reduce(0) { $0 + $1.openRecords }
    if now() - lastCommit >= configuration.commitInterval
      || openRecords >= RollupWorker.largestCommit
      || (isFinishing && partitions.allSatisfy(\.isFinished))
    {
      try commit()
    }
    if taken == 0 {
      let due = lastCommit + configuration.commitInterval - now()
      consumer.wait(milliseconds: Int32(max(1, min(100, due))))
    }
  }

  private func advance(_ partition: RollupPartition) throws -> Int {
    var total = 0
    while total < RollupWorker.turn {
      let (taken, forgotten) = try partition.advance(limit: RollupWorker.turn - total)
      total += taken
      guard let forgotten else { break }
      try commit()
      logger.info("reloading rollups of \(partition.source): a correction reaches far back")
      try partition.reload(endingFrom: forgotten, from: log)
    }
    return total
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
    partitions.removeAll()
    consumer.close()
    producer.close()
  }

  // MARK: Transactions

  private func commit() throws {
    lastCommit = now()
    for partition in partitions { partition.table.advance(now: lastCommit) }
    let changed = partitions.filter(\.hasChanges)
    guard !changed.isEmpty || outbox.isOpen else { return }
    for partition in changed { try partition.writeEffects(to: outbox.transaction()) }
    let positions = partitions.map { ($0.source, $0.position) }.filter { $0.1 >= 0 }
    try outbox.commit(Dictionary(uniqueKeysWithValues: positions), of: consumer)
    for partition in changed { partition.didCommit() }
  }

  // MARK: Rebalance

  private func rebalance(_ event: Rebalance) throws {
    // After a failure the open transaction holds half of something: nothing may commit it.
    guard failure == nil else { return drop() }
    switch event {
    case .assigned(let assigned):
      try take(over: assigned)
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
    partitions.removeAll()
    hasAssignment = false
  }

  private func take(over assigned: [TopicPartition]) throws {
    let began = now()
    let starts = try consumer.startOffsets(assigned)
    for source in assigned.sorted() {
      let partition = RollupPartition(
        source: source, reader: try consumer.reader(of: source), configuration: configuration,
        taskCount: plan.taskCount, start: starts[source] ?? 0)
      try partition.restore(from: log)
      partitions.append(partition)
    }
    hasAssignment = true
    if isFinishing { try setStops() }
    let count = partitions.reduce(0) { $0 + $1.table.count }
    logger.info(
      """
      \(partitions.count) rollup partition(s) taken over, \(count) rollups restored in \
      \(now() - began) ms
      """)
  }
}
