import Attribution
import Kafka
import Verification

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
  private var eventTimes: EventTimes
  private var strays: [Stray] = []

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
    counts.copiedEntries = run.simulation.copyTally.entries
    counts.uselessCopies = run.simulation.copyTally.problems.values.reduce(0, +)
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
      closingLimit: plan.closingLimit,
      stateRecordBytes: plan.stateRecordBytes, longestWalk: plan.longestWalk,
      wall: plan.wall,
      timeouts: plan.timeouts, deadLetterLimit: plan.deadLetterLimit, onLostInput: .continue,
      form: plan.form, rekeying: plan.rekeying, copies: plan.copies)
    simulation.hooks.answersLate = plan.answersLate
    simulation.trace.onLine = onLine
    for party in plan.wrongClocks { simulation.clock.jump(party, by: plan.wrongBy) }
    feed = SimulationFeed(plan, &simulation.random)
    downstream = DownstreamReader(
      topic: simulation.configuration.topics.rollups, partitions: plan.rollupPartitions,
      definitions: plan.definitions, isPunctual: plan.isPunctual)
    wantedWorkers = 1 + Int(simulation.random.below(Int64(plan.attributionWorkers)))
    eventTimes = EventTimes(plan.definitions)
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
    for disk in simulation.disks { disk.faults = MemoryCopyStore.Faults() }
    if plan.endsIdle, let complaint = fallSilent() { return complaint }
    layZombiesToRest()
    if let complaint = check() { return complaint }
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
    feed.next(&simulation.random) {
      eventTimes.note($0)
      simulation.append($0)
    }
    if strays.count < plan.strays, happens(20) { sendStray() }
    disturb()
    for slot in simulation.workers.all where isWanted(slot) {
      if slot.isRunning {
        if simulation.random.below(4) > 0 { simulation.step(slot) }
      } else if happens(plan.faults.start) {
        simulation.start(slot)
      }
    }
    wakeZombies()
    if simulation.random.below(4) == 0 { readDownstream() }
  }

  private mutating func readDownstream() {
    downstream.read(simulation.log, bound: finalityBound)
  }

  /// No window that ends later can be over: no event was so late, and no right clock is so far.
  private var finalityBound: Milliseconds {
    let definitions = plan.definitions
    let now = simulation.clock.right - definitions.idleTimeout
    return max(eventTimes.largest, now) - definitions.watermarkDelay
  }

  private func isWanted(_ slot: WorkerSlot) -> Bool {
    slot.stage != .attribution || slot.number < wantedWorkers || slot.isRunning
  }

  func happens(_ permille: Int64) -> Bool {
    permille > 0 && simulation.random.below(1_000) < permille
  }

  private func anySlot() -> WorkerSlot {
    simulation.workers.all[Int(simulation.random.below(Int64(simulation.workers.all.count)))]
  }

  /// What goes wrong between steps.
  private mutating func disturb() {
    let faults = plan.faults
    if happens(faults.killWorker) { simulation.kill(anySlot()) }
    if happens(faults.killProcess) { killAll() }
    disturbDisks()
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
    for slot in simulation.workers.attribution where slot.number >= wantedWorkers {
      simulation.stop(slot)
    }
  }

  private mutating func compact() {
    // Compaction may be ahead of a reader, and hide revisions from it.
    readDownstream()
    let topics = simulation.configuration.topics
    let positions = simulation.configuration.keyedPositionsTopic
    for topic in [topics.rollups, topics.attributions, simulation.configuration.stateTopic]
      + (plan.rekeying == nil ? [] : [positions])
    {
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

  /// The wrong clocks go forward or back by up to three hours.
  private func jump() {
    guard !plan.wrongClocks.isEmpty else { return }
    let distance = simulation.random.below(6 * 3_600_000) - 3 * 3_600_000
    for party in plan.wrongClocks { simulation.clock.jump(party, by: distance) }
    simulation.counts.clockJumps += 1
    simulation.trace.note("clocks of \(plan.wrongClocks) jump by \(distance) ms")
  }

  /// An event whose producer's clock is a year ahead, that of its record as well.
  private mutating func sendStray() {
    let kind: EventKind = [.impression, .click, .conversion][Int(simulation.random.below(3))]
    let partition = Int32(simulation.random.below(Int64(plan.partitions)))
    let time = plan.wall + 365 * 86_400_000
    let stray = record(kind, in: partition, at: time, "stray-\(strays.count)-")
    if let source = simulation.rekeyedTopics.first(where: { $0.kinds.contains(kind) }) {
      let value = simulation.form?.value(of: stray) ?? stray.value
      let (name, offset) = simulation.append(stray, value, toSource: source.name)
      strays.append(Stray(source: name, offset: offset))
      return simulation.trace.note("an event of a year ahead, in \(name)")
    }
    let topic = simulation.topic(of: kind)
    let name = TopicPartition(topic: topic, partition: partition)
    strays.append(Stray(source: name, offset: simulation.log.end(of: name)))
    simulation.append(stray)
    simulation.trace.note("an event of a year ahead, in \(name)")
  }

  /// Nothing comes any more: every window has to become final by itself, with nobody told to finish.
  private mutating func fallSilent() -> String? {
    simulation.trace.note("nothing comes any more")
    jump()
    var quietTurns = 0
    var quietThrough: Milliseconds?
    for _ in 0..<4_000 {
      if let failure = simulation.failure ?? downstream.complaint { return failure }
      simulation.clock.advance(10)
      for slot in simulation.workers.all where isWanted(slot) {
        if slot.isRunning { simulation.step(slot) } else { simulation.start(slot) }
      }
      wakeZombies()
      readDownstream()
      quietTurns = downstream.openCount == 0 && simulation.hasReadInputs ? quietTurns + 1 : 0
      guard quietTurns > 20, simulation.zombies.isEmpty else { continue }
      // A clock that has gone back holds finality up; by right ones it follows the time.
      guard plan.wrongClocks.isEmpty else { return nil }
      if let quietThrough, downstream.leastFinalThrough > quietThrough { return nil }
      quietThrough = quietThrough ?? downstream.leastFinalThrough
    }
    if quietThrough != nil { return "finality stands still while nothing comes" }
    return "\(downstream.openCount) windows do not become final by themselves"
  }

  private func wakeZombies() {
    let time = simulation.clock.elapsed
    for zombie in simulation.zombies where zombie.heartbeats && zombie.wakes > time {
      zombie.slot.worker?.heartbeat()
    }
    for zombie in simulation.zombies where zombie.wakes <= time {
      if simulation.random.below(2) == 0 { simulation.step(zombie.slot) }
      // In the end it hears that it was given up.
      if simulation.random.below(20) == 0 { simulation.stop(zombie.slot) }
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

  /// What holds before anybody is told to finish.
  private mutating func check() -> String? {
    guard simulation.failure == nil else { return nil }
    readDownstream()
    return downstream.complaint
  }

  /// Whether every stray was refused, and nothing else where the clocks that judge are right.
  private func complaint(about report: VerificationReport) -> String? {
    let refused = simulation.recordsRefusedAsFuture
    // Retention may have been faster than any reader.
    let lost = simulation.lostInput
    let read = strays.filter { stray in
      !lost.contains {
        TopicPartition(topic: $0.topic, partition: $0.partition) == stray.source
          && ($0.from..<$0.to).contains(stray.offset)
      }
    }
    for stray in read where !refused.contains(stray) {
      return "an event of a year ahead was not refused: \(stray.source) at offset \(stray.offset)"
    }
    let byClock = report.refusedByClock
    if !plan.wrongClocks.contains(.attribution), byClock != read.count {
      return "\(byClock) events were refused by a clock that was right, not \(read.count)"
    }
    return nil
  }

  private var verdict: String? {
    if let failure = simulation.failure { return failure }
    if let complaint = downstream.complaint { return complaint }
    if let violation = simulation.log.violations.first { return violation }
    if let complaint = simulation.complaintAboutRekeying() { return complaint }
    let report = simulation.verify()
    if let complaint = complaint(about: report) { return complaint }
    if !report.differences.agrees { return "\(report.differences)" }
    if let accepted = report.accepted, accepted.missing > 0 {
      return "\(accepted.missing) events that counted are not in the deduped stream"
    }
    if report.finalRollups < report.rollups {
      return "\(report.rollups - report.finalRollups) of \(report.rollups) windows are not final"
    }
    if simulation.log.openTransactionCount > 0 { return "a transaction is still open" }
    return nil
  }
}
