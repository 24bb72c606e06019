import Attribution
import Cluster
import Configuration
import Kafka
import Logging

/// One thread's work: a member of a stage's group, and a producer for what the stage writes.
///
/// Offsets, state and outputs of a commit are one transaction. What happens when one fails is the
/// error's ``KafkaError/recovery``:
///
/// * *abort required*: the transaction is aborted, the inputs go back to the committed offsets, the
///   state is read back, and the work is done again; the worker keeps its place in the group;
/// * *timed out*, or retried in vain: whether it happened is unknown, so the producer is replaced by a
///   new one, whose start ends what the old left open; then as above;
/// * what somebody must grant or configure is thrown at once, whatever librdkafka offers;
/// * everything else is thrown: the owner closes the worker and builds a new one.
///
/// Not thread-safe; `step` is called over and over by whoever drives it.
package final class Worker<S: Stage> {
  let stage: S
  let context: StageContext
  package var consumer: any LogConsumer { context.consumer }
  private let heartbeat: Heartbeat
  private var owned: [TopicPartition] = []
  private(set) var hasAssignment = false
  private var lastCommit: Milliseconds
  /// When the last partitions were given up, or the group was joined: since then nothing was done.
  private var pausedSince: Milliseconds
  private var failure: (any Error)?
  /// Transactions done again without one that succeeded.
  private var recoveries = 0
  /// When partitions were assigned that are not all open yet, and not said to be.
  private var openingSince: Milliseconds?
  /// Since when nothing was done for them.
  private var waitingSince: Milliseconds = 0

  /// Rows after which a commit does not wait for the interval.
  private static var largestCommit: Int { 250_000 }
  /// After so many the worker is rebuilt, which comes with growing pauses.
  private static var mostRecoveries: Int { 3 }

  init(_ stage: S, _ context: StageContext, heartbeat: Heartbeat) {
    self.stage = stage
    self.context = context
    self.heartbeat = heartbeat
    lastCommit = context.now()
    pausedSince = lastCommit
  }

  /// Joins the group.
  func join() throws {
    pausedSince = context.now()
    report()
    try context.consumer.subscribe(stage.topics) { [unowned self] event in
      do { try rebalance(event) } catch { failure = failure ?? error }
    }
  }

  /// Serves the group, takes what has arrived, commits when due. Blocks for at most 100 ms.
  package func step() throws {
    do {
      try context.consumer.poll()
      if let failure { throw failure }
      context.ends.advance()
      let taken = try advance()
      noteOpened()
      if isCommitDue { try commit() }
      if taken == 0 { waitForArrival() }
    } catch let error as KafkaError {
      try recover(from: error)
    }
  }

  /// As long as it takes where state is read back: that has limits of its own.
  private func advance() throws -> Int {
    guard stage.isOpening else { return try stage.advance() }
    return try heartbeat.withoutLimit { try stage.advance() }
  }

  private func waitForArrival() {
    let due = lastCommit + commitInterval - context.now()
    let longest: Milliseconds = stage.isOpening ? 2 : 100
    context.consumer.wait(milliseconds: Int32(max(1, min(longest, due))))
  }

  /// What keeps partitions from being processed, in words.
  package var obstacles: [String] { stage.obstacles }

  /// Ends a blocking step, from any thread.
  package var waker: @Sendable () -> Void { context.consumer.waker }

  /// Commits what is open and leaves the group.
  package func stop() throws {
    defer { close() }
    if let failure { throw failure }
    try commit()
  }

  /// Leaves without committing.
  package func close() {
    try? context.collector.abort()
    drop()
    context.consumer.close()
    context.collector.close()
    report(.stopped)
  }

  // MARK: Transactions

  private var commitInterval: Milliseconds {
    context.configuration.commitInterval * (stage.isCatchingUp ? CatchUp.intervals : 1)
  }

  private var isCommitDue: Bool {
    context.now() - lastCommit >= commitInterval
      || stage.uncommittedRows >= Self.largestCommit || stage.wantsCommit
  }

  private func commit() throws {
    lastCommit = context.now()
    stage.advanceClock()
    guard stage.hasChanges || stage.isRepetitionDue || context.collector.isOpen else {
      return report()
    }
    let began = ContinuousClock.now
    try stage.writeEffects()
    try context.collector.commit(stage.positions.filter { $0.value >= 0 }, of: context.consumer)
    stage.didCommit()
    recoveries = 0
    context.meter.didCommit(in: began.duration(to: .now))
    report()
  }

  private var standing: WorkerReport.Phase {
    guard hasAssignment else { return .joining }
    return stage.isOpening ? .restoring : .working
  }

  /// Shows how this worker stands.
  private func report(_ phase: WorkerReport.Phase? = nil) {
    context.meter.publish(phase ?? standing) { report in
      stage.describe(&report)
      report.obstacles = stage.obstacles
    }
  }

  /// Ends the failed transaction and does its work again.
  private func recover(from error: KafkaError) throws {
    recoveries += 1
    guard failure == nil, recoveries <= Self.mostRecoveries,
      !error.requiresOperator || error.mayBeTransient
    else { throw error }
    try endTransaction(after: error)
    context.logger.warning("\(error); the transaction is done again")
    let partitions = owned
    drop()
    guard hasAssignment, !partitions.isEmpty else { return }
    try assign(partitions)
  }

  /// Sees to it that nothing of a failed transaction can be committed; throws what only a new worker
  /// can mend.
  private func endTransaction(after error: any Error) throws {
    let recovery = (error as? KafkaError)?.recovery
    context.meter.count(WorkerCounters.TransactionResult(after: recovery))
    switch recovery {
    case .abortTransaction: try context.collector.abort()
    case .renewProducer, .retry: try context.collector.renew()
    default: throw error
    }
  }

  // MARK: Rebalance

  private func rebalance(_ event: Rebalance) throws {
    // After a failure the open transaction holds half of something: nothing may commit it.
    guard failure == nil else { return dropAssignment() }
    switch event {
    case .assigned(let partitions):
      owned = partitions
      try assign(partitions)
      hasAssignment = true
      report()
    case .revoked:
      var isCommitted = false
      defer { dropAssignment(isCommitted: isCommitted) }
      do {
        try commit()
        isCommitted = true
      } catch { try endTransaction(after: error) }
    case .lost:
      defer { dropAssignment() }
      context.logger.warning(
        "partitions lost: their open transaction is aborted, nothing is counted twice")
      if context.collector.isOpen { context.meter.count(.aborted) }
      do { try context.collector.abort() } catch { try endTransaction(after: error) }
    }
  }

  /// Forgets what has not been committed, and every partition.
  private func drop(isCommitted: Bool = false) {
    if isCommitted { stage.suspend() } else { stage.drop() }
    context.ends.removeAll()
    context.meter.discard()
    openingSince = nil
  }

  private func dropAssignment(isCommitted: Bool = false) {
    drop(isCommitted: isCommitted)
    owned = []
    hasAssignment = false
    pausedSince = context.now()
    report()
  }

  /// Begins to open partitions.
  private func assign(_ partitions: [TopicPartition]) throws {
    openingSince = context.now()
    waitingSince = hasAssignment ? context.now() : pausedSince
    try stage.assign(partitions)
  }

  /// Says so once the assigned partitions are open, but for those that are held up.
  private func noteOpened() {
    guard let began = openingSince, !stage.isOpening else { return }
    openingSince = nil
    let now = context.now()
    context.logger.info(
      """
      \(stage.summary) in \(now - began) ms, after a pause of \(now - waitingSince) ms in all
      """)
    context.meter.counters.restoreTime.observe(Double(now - began) / 1_000)
    report()
  }
}
