import Attribution
import Cluster
import Configuration
import Inputs
import Kafka
import Logging
import Pipeline
import Traffic

// Safety: `SimulatedWorld` is `@unchecked Sendable` because a simulation lives on one thread.

/// What clocks ask for the time. Not retained: the simulation outlives its workers.
private struct SimulatedWorld: @unchecked Sendable {
  unowned let simulation: Simulation

  init(_ simulation: Simulation) { self.simulation = simulation }
}

/// A world for the real workers of both stages: a cluster in memory, clocks, and processes that fail.
///
/// Everything happens on one thread and follows from a seed. A worker that throws is closed, as
/// `Processor` does it; whoever drives the simulation starts another in its slot. While a call takes
/// long, the other workers are stepped, so that they interleave at every call.
///
///     let simulation = Simulation(definitions, seed: 7)
///     simulation.append(record)
///     simulation.start(simulation.workers.attribution[0])
///     simulation.step(simulation.workers.attribution[0])
///     try simulation.runToEnd()
///     print(simulation.verify().differences)
package final class Simulation {
  package let configuration: Configuration
  /// How records are written, where it is not our own form.
  let form: ForeignForm?
  package let log: MemoryLog
  package let workers: SimulatedFleet
  let rekeying: SimulatedRekeying?
  /// Where records without keys go.
  var scatter: SeededRandom
  /// What no restart can mend; the run has failed.
  package internal(set) var failure: String?
  package var hooks = SimulationHooks()

  /// How rollups and attributions are written and read back.
  package let output: PublishedOutput
  let plan: TopicPlan
  private let memoryLimit: Int
  var clock: SimulatedClock
  var random: SeededRandom
  /// What workers make secrets of: apart from `random`, so that they change nothing else.
  private var secrets: SeededRandom
  var faults = FaultPlan.none
  var trace = SimulationTrace()
  var counts = SimulationCounts()
  /// Workers that have lost their place and do not know it yet.
  var zombies: [Zombie] = []
  /// The disks of the machines on which attribution workers run, and who writes to them.
  package let disks: [MemoryCopyStore]
  let copies: [StateCopies]
  /// Steps within steps.
  private(set) var depth = 0

  /// - Parameters:
  ///   - isStatic: whether members and transactional ids keep their names when their process ends.
  ///   - wall: what clocks show at the beginning. By default a month after the traffic's.
  ///   - memoryLimit: the most that a worker may remember, in bytes.
  ///   - deadLetterLimit: the largest record that the topic of dead letters takes, in bytes; nil for any.
  ///   - rekeying: which inputs are re-keyed; nil for none.
  ///   - form: how records are written, where it is not our own form.
  ///   - inputs: what the topics hold, where it is something else again.
  ///   - output: how rollups and attributions are written.
  ///   - copies: what machines keep of the live state; nil for nothing.
  ///   - log: that of another simulation, to go on with.
  package init(
    _ definitions: Definitions, seed: UInt64, partitions: Int = 3, rollupPartitions: Int = 2,
    attributionWorkers: Int = 2, rollupWorkers: Int = 1, isStatic: Bool = true,
    commitInterval: Milliseconds = 20, catchUpRecords: Int64 = 100_000, closingLimit: Int = 100_000,
    stateRecordBytes: Int = 512 << 10, longestWalk: Int = 256,
    wall: Milliseconds = 1_767_600_000_000 + 30 * 86_400_000,
    timeouts: MemoryLog.Timeouts = MemoryLog.Timeouts(), memoryLimit: Int = .max,
    deadLetterLimit: Int? = nil, onLostInput: LostInputPolicy = .stop,
    partitioner: InputPartitioner = .murmur2, form: ForeignForm? = nil,
    inputs: [InputEntry]? = nil, rekeying: SimulatedRekeying? = nil,
    schemaRegistry: RegistryAddress? = nil, output: PublishedOutput = .json,
    copies: SimulatedCopies? = nil, log: MemoryLog? = nil
  ) {
    self.output = output
    self.rekeying = rekeying
    scatter = SeededRandom(seed: seed ^ 0x5CA7_7E12)
    self.memoryLimit = memoryLimit
    var configuration = Configuration()
    configuration.definitions = definitions
    configuration.topics.accepted = "accepted"
    configuration.instanceID = isStatic ? "sim" : ""
    configuration.commitInterval = commitInterval
    configuration.onLostInput = onLostInput
    configuration.catchUpRecords = catchUpRecords
    configuration.closingLimit = closingLimit
    configuration.stateRecordBytes = stateRecordBytes
    configuration.longestWalk = longestWalk
    configuration.partitioner = partitioner
    configuration.inputs = inputs ?? form?.inputs(definitions)
    if let rekeying { configuration.inputs = rekeying.inputs(configuration.topicInputs) }
    configuration.schemaRegistry = schemaRegistry
    self.form = form
    self.configuration = configuration
    plan = TopicPlan(
      inputTopics: configuration.inputTopics, taskCount: Int32(partitions),
      costPartitions: configuration.inputTopics.contains(where: \.isCosts) ? Int32(partitions) : 0,
      rollupPartitions: Int32(rollupPartitions),
      recordLimits: deadLetterLimit.map { [configuration.topics.deadLetters: $0] } ?? [:],
      rekeyings: configuration.rekeyings { _ in Int32(rekeying?.sourcePartitions ?? 0) })
    var topics: [String: Int] = [:]
    for topic in configuration.topicRequirements { topics[topic.name] = partitions }
    topics[configuration.topics.rollups] = rollupPartitions
    topics[configuration.deltasTopic] = rollupPartitions
    for topic in configuration.rekeyedTopics { topics[topic.name] = rekeying!.sourcePartitions }
    if rekeying != nil { topics[configuration.keyedPositionsTopic] = 1 }
    let log = log ?? MemoryLog(topics: topics, timeouts: timeouts)
    self.log = log
    disks = (0..<(copies?.machines ?? 0)).map { number in
      MemoryCopyStore(seed: seed ^ UInt64(number) << 32 ^ 0xD15C) { [unowned log] in log.process }
    }
    for disk in disks { disk.faults = copies?.faults ?? MemoryCopyStore.Faults() }
    self.copies = disks.map { StateCopies($0, segmentLimit: copies?.segmentLimit ?? 0) }
    self.log.recordLimits = plan.recordLimits
    clock = SimulatedClock(wall: wall)
    random = SeededRandom(seed: seed)
    secrets = SeededRandom(seed: seed ^ 0x5EC2_E700_0000)
    workers = SimulatedFleet(
      attribution: attributionWorkers, rollups: rollupWorkers, rekeyers: rekeying == nil ? 0 : 2)
    self.log.environment = self
    self.log.wantsOffsets = true
  }

  /// Appends a record to its input topic.
  package func append(_ record: GeneratedRecord) {
    counts.records += 1
    let value = written(record)
    let isNoisy = sourceTopic(of: record.kind) == ForeignForm.topic && counts.records % 7 == 0
    if let source = rekeyedTopics.first(where: { $0.kinds.contains(record.kind) })?.name {
      append(record, value, toSource: source)
      if isNoisy { append(record, ForeignForm.noise, toSource: source) }
      return
    }
    let topic = topic(of: record.kind)
    log.append(topic, key: record.key, value: value, timestamp: record.timestamp)
    guard isNoisy else { return }
    log.append(
      topic, key: record.key, value: ForeignForm.noise, timestamp: record.timestamp)
  }

  /// A record's value in the form of its topic.
  func written(_ record: GeneratedRecord) -> [UInt8] { form?.value(of: record) ?? record.value }

  /// The topic that producers of a kind of events write.
  private func sourceTopic(of kind: EventKind) -> String {
    configuration.sourceTopics.first { $0.kinds.contains(kind) }!.name
  }

  /// The input topic that has events of a kind.
  package func topic(of kind: EventKind) -> String {
    configuration.inputTopics.first { $0.kinds.contains(kind) }!.name
  }

  // MARK: Workers

  /// Puts a worker into an empty slot.
  ///
  /// - Parameter stopsAtEnd: whether it reads to where its inputs end now, and no further.
  package func start(_ slot: WorkerSlot, stopsAtEnd: Bool = false) {
    precondition(slot.worker == nil)
    let process = SimulatedProcess(slot.name)
    slot.process = process
    trace.note("start \(slot.name)\(stopsAtEnd ? ", to the end" : "")")
    run(slot) {
      let worker = try makeWorker(slot, stopsAtEnd: stopsAtEnd)
      slot.worker = worker
      try worker.start()
    }
    if slot.worker == nil { slot.process = nil }
  }

  private func makeWorker(_ slot: WorkerSlot, stopsAtEnd: Bool) throws -> SimulatedWorker {
    // Two that live at the same time must not share a dynamic member's name.
    let index =
      configuration.instanceID.isEmpty ? slot.number + 100 * slot.incarnation : slot.number
    let logger = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
    let configuration = hooks.configurationOf?(slot) ?? configuration
    var plan = plan
    plan.inputTopics = configuration.inputTopics
    let party: SimulatedClock.Party = slot.stage == .rollups ? .rollups : .attribution
    let world = SimulatedWorld(self)
    let process = ProcessContext(
      clock: ProcessClock(
        monotonic: { world.simulation.clock.elapsed },
        wall: { world.simulation.clock.wall(of: party) }),
      memory: MemoryLimit(bytes: memoryLimit), random: { world.simulation.secrets.next() },
      output: output, copies: copies.isEmpty ? nil : copies[slot.number % copies.count])
    switch slot.stage {
    case .attribution:
      return .attribution(
        try AttributionWorker(
          configuration: configuration, plan: plan, log: log, index: index,
          stopsAtEnd: stopsAtEnd, logger: logger, process: process))
    case .rekey:
      return .rekey(
        try RekeyWorker(
          configuration: configuration, plan: plan, log: log, index: index,
          stopsAtEnd: stopsAtEnd, logger: logger, process: process))
    case .rollups:
      return .rollups(
        try RollupWorker(
          configuration: configuration, plan: plan, log: log, index: index, logger: logger,
          process: process))
    }
  }

  /// One turn of one worker.
  ///
  /// - Returns: whether it went well. A worker that throws is closed and gone.
  @discardableResult
  package func step(_ slot: WorkerSlot) -> Bool {
    guard let worker = slot.worker, !slot.isBusy else { return false }
    clock.advance(1 + random.below(depth == 0 ? 12 : 3))
    log.expire()
    counts.steps += 1
    return run(slot) { try worker.step() }
  }

  /// Has a worker commit and leave.
  package func stop(_ slot: WorkerSlot) {
    guard let worker = slot.worker, !slot.isBusy else { return }
    trace.note("stop \(slot.name)")
    counts.stops += 1
    if run(slot, { try worker.stop() }) { slot.clear() }
  }

  /// Ends a worker as SIGKILL does.
  package func kill(_ slot: WorkerSlot) {
    guard let process = slot.process, !slot.isBusy else { return }
    trace.note("kill \(slot.name)")
    counts.kills += 1
    process.kill()
    slot.clear()
    slot.incarnation += 1
  }

  /// Takes a worker out of its slot without its noticing; it sleeps for a while and then goes on as
  /// if nothing had happened.
  func abandon(_ slot: WorkerSlot) {
    guard slot.isRunning, !slot.isBusy else { return }
    trace.note("abandon \(slot.name)")
    counts.zombies += 1
    let zombie = WorkerSlot(slot.stage, slot.number)
    zombie.worker = slot.worker
    zombie.process = slot.process
    zombies.append(
      Zombie(
        slot: zombie, wakes: clock.elapsed + random.below(2 * log.timeouts.session),
        heartbeats: random.below(3) == 0))
    slot.clear()
    slot.incarnation += 1
  }

  /// Runs code of a slot's worker in its process, and clears up after it as `Processor` does.
  @discardableResult
  func run(_ slot: WorkerSlot, _ body: () throws -> Void) -> Bool {
    let process = slot.process!
    let outer = log.process
    log.process = process
    slot.isBusy = true
    depth += 1
    defer {
      log.process = outer
      slot.isBusy = false
      depth -= 1
    }
    do {
      try body()
      return true
    } catch {
      if process.isDead {
        slot.incarnation += 1
      } else {
        trace.note("\(slot.name) fails: \(error)")
        counts.rebuilds += 1
        if let error = error as? OperatorError {
          failure = failure ?? "\(slot.name) stops for good: \(error)"
        }
        slot.worker?.close()
        // Closing calls the cluster as well, and may end the process there.
        if process.isDead { slot.incarnation += 1 }
      }
      slot.clear()
      return false
    }
  }
}
