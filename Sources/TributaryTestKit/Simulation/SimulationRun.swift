import Attribution
import Kafka

/// What became of one seed.
public struct SimulationResult: Sendable {
  public var seed: UInt64
  /// What was wrong; nil when nothing was.
  public var failure: String?
  public var counts: SimulationCounts
  /// Two runs with the same one went the same way.
  public var traceHash: UInt64
}

/// One run of both stages through everything that a seed has in store for them, to the comparison
/// with the oracle.
public struct SimulationRun {
  let plan: SimulationPlan
  let simulation: Simulation
  private var feed: SimulationFeed
  private var downstream: DownstreamReader
  private var wantedWorkers: Int

  /// Runs a seed.
  ///
  /// - Parameter onLine: called with a line for each thing that happens.
  public static func run(
    seed: UInt64, onLine: ((String) -> Void)? = nil
  ) -> SimulationResult {
    var run = SimulationRun(seed: seed, onLine: onLine)
    let failure = run.run()
    var counts = run.simulation.counts
    counts.repeats = run.feed.repeats
    counts.publications = run.downstream.publications
    counts.corrections = run.downstream.corrections
    return SimulationResult(
      seed: seed, failure: failure, counts: counts, traceHash: run.simulation.trace.hash)
  }

  private init(seed: UInt64, onLine: ((String) -> Void)?) {
    plan = SimulationPlan(seed: seed)
    simulation = Simulation(
      plan.definitions, seed: seed, partitions: plan.partitions,
      rollupPartitions: plan.rollupPartitions, attributionWorkers: plan.attributionWorkers,
      rollupWorkers: plan.rollupWorkers, isStatic: plan.isStatic,
      commitInterval: plan.commitInterval, catchUpRecords: plan.catchUpRecords,
      stateRecordBytes: plan.stateRecordBytes,
      wall: plan.traffic.start + plan.wallOffset,
      timeouts: plan.timeouts, onLostInput: .continue)
    simulation.answersLate = plan.answersLate
    simulation.trace.onLine = onLine
    feed = SimulationFeed(plan, &simulation.random)
    downstream = DownstreamReader(
      topic: simulation.configuration.topics.rollups, partitions: plan.rollupPartitions,
      definitions: plan.definitions, isPunctual: plan.isPunctual)
    wantedWorkers = 1 + Int(simulation.random.below(Int64(plan.attributionWorkers)))
  }

  // MARK: Turns

  private mutating func run() -> String? {
    simulation.trace.note("\(plan)")
    simulation.faults = plan.faults
    while !feed.isEmpty, simulation.failure == nil, downstream.complaint == nil { turn() }
    // The end goes wrong in some runs, too, for a while.
    if simulation.random.below(2) == 0 {
      for _ in 0..<simulation.random.below(60) where simulation.failure == nil { turn() }
    }
    simulation.faults = .none
    layZombiesToRest()
    do {
      try simulation.runToEnd()
      if plan.checksRetention, let complaint = try passMonth() { return complaint }
    } catch {
      return "\(error)"
    }
    downstream.read(simulation.log)
    if let verdict { return verdict }
    return plan.sabotage.flatMap { refusal(of: $0) }
  }

  private mutating func turn() {
    feed.next(&simulation.random) { simulation.append($0) }
    disturb()
    for slot in simulation.slots where isWanted(slot) {
      if slot.isRunning {
        if simulation.random.below(4) > 0 { simulation.step(slot) }
      } else if happens(plan.faults.start) {
        simulation.start(slot)
      }
    }
    wakeZombies()
    if simulation.random.below(4) == 0 { downstream.read(simulation.log) }
  }

  private func isWanted(_ slot: WorkerSlot) -> Bool {
    slot.stage == .rollups || slot.number < wantedWorkers || slot.isRunning
  }

  private func happens(_ permille: Int64) -> Bool {
    permille > 0 && simulation.random.below(1_000) < permille
  }

  private func anySlot() -> WorkerSlot {
    simulation.slots[Int(simulation.random.below(Int64(simulation.slots.count)))]
  }

  /// What goes wrong between steps.
  private mutating func disturb() {
    let faults = plan.faults
    if happens(faults.killWorker) { simulation.kill(anySlot()) }
    if happens(faults.killProcess) { for slot in simulation.slots { simulation.kill(slot) } }
    if happens(faults.stopWorker) { simulation.stop(anySlot()) }
    if happens(faults.abandonWorker) { simulation.abandon(anySlot()) }
    if happens(faults.scale) { scale() }
    if happens(faults.compact) { compact() }
    if happens(faults.jump) { jump() }
    if happens(faults.leaderless) { removeLeader() }
    if happens(faults.retention) { deleteInput() }
    if happens(faults.marks) { simulation.log.appendMark(to: anyInput()) }
    if happens(faults.standstill) { standStill() }
  }

  /// Changes how many attribution workers there should be.
  private mutating func scale() {
    wantedWorkers = 1 + Int(simulation.random.below(Int64(plan.attributionWorkers)))
    simulation.trace.note("\(wantedWorkers) attribution workers from now on")
    for slot in simulation.attribution where slot.number >= wantedWorkers { simulation.stop(slot) }
  }

  private mutating func compact() {
    // Compaction may be ahead of a reader, and hide revisions from it.
    downstream.read(simulation.log)
    let topics = simulation.configuration.topics
    for topic in [topics.rollups, topics.attributions, simulation.configuration.stateTopic] {
      for number in 0..<simulation.log.partitionCount(of: topic) {
        let name = TopicPartition(topic: topic, partition: Int32(number))
        let bound = simulation.random.below(simulation.log.end(of: name) + 1)
        simulation.log.compact(
          name, before: bound, dropsTombstones: simulation.random.below(2) == 0)
      }
    }
    simulation.counts.compactions += 1
    simulation.trace.note("compaction")
  }

  /// Wall clocks go forward by up to three hours, or back by up to two seconds.
  private func jump() {
    let distance =
      simulation.random.below(2) == 0
      ? simulation.random.below(3 * 3_600_000) : -simulation.random.below(2_000)
    simulation.clock.jump(distance)
    simulation.counts.clockJumps += 1
    simulation.trace.note("wall clocks jump by \(distance) ms")
  }

  private func wakeZombies() {
    let time = simulation.clock.elapsed
    for zombie in simulation.zombies where zombie.wakes <= time {
      if simulation.random.below(2) == 0 { simulation.step(zombie.slot) }
    }
    simulation.zombies.removeAll { !$0.slot.isRunning }
  }

  private func layZombiesToRest() {
    for zombie in simulation.zombies {
      simulation.step(zombie.slot)
      simulation.stop(zombie.slot)
    }
    simulation.zombies = []
    // The end is the last stable offset: what the dead left open must not hide what came after it.
    simulation.pass(milliseconds: plan.timeouts.transaction)
  }

  // MARK: The verdict

  private var verdict: String? {
    if let failure = simulation.failure { return failure }
    if let complaint = downstream.complaint { return complaint }
    if let violation = simulation.log.violations.first { return violation }
    let report = simulation.verify()
    if !report.differences.agrees { return "\(report.differences)" }
    if report.finalRollups < report.rollups {
      return "\(report.rollups - report.finalRollups) of \(report.rollups) windows are not final"
    }
    if simulation.log.openTransactionCount > 0 { return "a transaction is still open" }
    return nil
  }
}
