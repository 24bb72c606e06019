import Attribution
import Codec
import Testing
import TributaryTestKit

@testable import Pipeline

/// Both stages with their transactions, changelog and restore, over a cluster in memory.
@Suite struct PipelineTests {
  @Test(arguments: 1...40)
  func restartsKillsAndRebalancesChangeNoNumber(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let simulation = Simulation(PipelineTests.definitions, workers: 1 + Int(random.below(3)))
    let records = Array(TrafficGenerator(PipelineTests.traffic(seed)))
    var next = 0
    while next < records.count {
      switch random.below(40) {
      case 0: try simulation.stopAttribution(Int(random.below(simulation.workerCount)))
      case 1: simulation.killAttribution(Int(random.below(simulation.workerCount)))
      case 2: try simulation.stopRollups()
      case 3: simulation.killRollups()
      case 4...15:
        for _ in 0..<random.below(40) where next < records.count {
          simulation.append(records[next])
          next += 1
        }
      default: break
      }
      for index in 0..<Int(simulation.workerCount) where random.below(3) > 0 {
        if simulation.attribution[index] == nil { try simulation.startAttribution(index) }
        simulation.stepAttribution(index)
      }
      if random.below(2) == 0 {
        if simulation.rollups[0] == nil { try simulation.startRollups() }
        simulation.stepRollups()
      }
    }
    try simulation.runToEnd()
    let oracle = simulation.recompute()
    let (rollups, attributions) = simulation.published()
    let sums = compare(rollups: rollups.mapValues(\.sums), with: oracle)
    #expect(sums.agrees, "seed \(seed): \(sums)")
    let credits = compare(attributions: attributions, with: oracle)
    #expect(credits.agrees, "seed \(seed): \(credits)")
    #expect(sums.compared > 50 && credits.compared > 20, "seed \(seed)")
    #expect(rollups.values.allSatisfy { $0.isFinal }, "seed \(seed)")
  }

  @Test(arguments: MemoryLog.Step.allCases)
  func failureAtAnyStepOfACommitLosesAndDoublesNothing(step: MemoryLog.Step) throws {
    var random = SeededRandom(seed: 7)
    let simulation = Simulation(PipelineTests.definitions)
    let records = Array(TrafficGenerator(PipelineTests.traffic(7)))
    var failures = 0
    for (index, record) in records.enumerated() {
      simulation.append(record)
      guard index % 25 == 0 else { continue }
      for worker in simulation.attribution.indices where simulation.attribution[worker] == nil {
        try simulation.startAttribution(worker)
      }
      if simulation.rollups[0] == nil { try simulation.startRollups() }
      let unlucky = random.below(step == .produce ? 60 : 4)
      var count: Int64 = 0
      simulation.log.onStep = { current in
        guard current == step else { return }
        count += 1
        if count == unlucky { throw KafkaFault.injected }
      }
      for worker in simulation.attribution.indices where !simulation.stepAttribution(worker) {
        failures += 1
      }
      if !simulation.stepRollups() { failures += 1 }
      simulation.log.onStep = nil
    }
    try simulation.runToEnd()
    if step != .abort { #expect(failures > 5) }
    let oracle = simulation.recompute()
    let (rollups, attributions) = simulation.published()
    let sums = compare(rollups: rollups.mapValues(\.sums), with: oracle)
    #expect(sums.agrees, "\(step): \(sums)")
    let credits = compare(attributions: attributions, with: oracle)
    #expect(credits.agrees, "\(step): \(credits)")
  }

  @Test func revisionsOfAKeyOnlyGoUpAcrossRestarts() throws {
    let simulation = Simulation(PipelineTests.definitions)
    for (index, record) in TrafficGenerator(PipelineTests.traffic(3)).enumerated() {
      simulation.append(record)
      guard index % 100 == 0 else { continue }
      for worker in simulation.attribution.indices {
        try simulation.stopAttribution(worker)
        try simulation.startAttribution(worker)
      }
      try simulation.stopRollups()
      try simulation.startRollups()
      for _ in 0..<4 {
        for worker in simulation.attribution.indices { simulation.stepAttribution(worker) }
        simulation.stepRollups()
      }
    }
    try simulation.runToEnd()
    var revisions: [String: Int64] = [:]
    let codec = RollupCodec(definitions: PipelineTests.definitions)
    simulation.log.forEachRecord(of: "rollups") { record, _ in
      guard let key = record.key, key.first != UInt8(ascii: "@"), let value = record.value,
        let rollup = try? codec.decode(value)
      else { return }
      let name = String(decoding: key, as: UTF8.self)
      #expect(rollup.revision == revisions[name, default: 0] + 1, "\(name)")
      revisions[name] = rollup.revision
    }
    #expect(revisions.count > 50)
  }

  @Test func stateOfOtherDefinitionsIsRefused() throws {
    let simulation = Simulation(PipelineTests.definitions)
    for record in TrafficGenerator(PipelineTests.traffic(9)).prefix(300) {
      simulation.append(record)
    }
    try simulation.runToEnd()
    for change: (inout Definitions) -> Void in [
      { $0.lookback = 60_000 }, { $0.models = [.firstTouch, .linear] },
      { $0.correctionHorizon *= 2 }, { $0.views[0].bucketConversionsBy = .touch },
    ] {
      var other = PipelineTests.definitions
      change(&other)
      simulation.log.expelMissingMembers()
      let next = Simulation(other, log: simulation.log)
      #expect(throws: PipelineError.self) { try next.runToEnd() }
    }
    simulation.log.expelMissingMembers()
    let same = Simulation(PipelineTests.definitions, log: simulation.log)
    try same.runToEnd()
    let sums = compare(rollups: same.published().rollups.mapValues(\.sums), with: same.recompute())
    #expect(sums.agrees, "\(sums)")
  }

  @Test func backlogAfterACleanEndIsNotFinalBeforeEveryTaskHasReadIt() throws {
    let simulation = Simulation(PipelineTests.definitions, workers: 2)
    var options = PipelineTests.traffic(4)
    options.late = 0
    let records = Array(TrafficGenerator(options))
    for record in records.prefix(300) { simulation.append(record) }
    try simulation.runToEnd()
    let closedThrough = simulation.published().rollups.values.map(\.windowEnd).max()!
    for record in records.dropFirst(300) { simulation.append(record) }
    try simulation.startRollups()
    for worker in simulation.attribution.indices { try simulation.startAttribution(worker) }
    simulation.stepAttribution(1)
    simulation.stepRollups()
    // The second worker sleeps while the first reads everything it has.
    for _ in 0..<200 {
      simulation.stepAttribution(0)
      simulation.stepRollups()
    }
    let early = simulation.published().rollups.filter {
      $0.value.isFinal && $0.value.windowEnd > closedThrough
    }
    try simulation.runToEnd()
    let final = simulation.published().rollups
    for (key, rollup) in early { #expect(final[key]?.sums == rollup.sums, "\(key)") }
    #expect(compare(rollups: final.mapValues(\.sums), with: simulation.recompute()).agrees)
  }

  @Test func theChangelogHoldsNothingButTheLiveState() throws {
    let simulation = Simulation(PipelineTests.definitions)
    func run(_ records: [GeneratedRecord]) throws {
      for record in records { simulation.append(record) }
      try simulation.runToEnd()
    }
    try run(Array(TrafficGenerator(PipelineTests.traffic(5))))
    let loaded = simulation.log.liveRecordCount(of: "tributary-state")
    var later = PipelineTests.traffic(6)
    later.start += 10 * 86_400_000
    later.eventCount = 50
    try run(Array(TrafficGenerator(later)))
    try run(Array(TrafficGenerator(later)))
    let progressRecords = 6
    #expect(loaded > 30)
    #expect(simulation.log.liveRecordCount(of: "tributary-state") < 30 + progressRecords)
  }

  @Test func deltasThatHaveBeenAddedAreDeleted() throws {
    let simulation = Simulation(PipelineTests.definitions, workers: 1)
    let records = Array(TrafficGenerator(PipelineTests.traffic(8)))
    func run(_ part: ArraySlice<GeneratedRecord>) throws {
      for record in part { simulation.append(record) }
      for _ in 0..<200 {
        simulation.stepAttribution(0)
        simulation.stepRollups()
      }
    }
    func deltaCount() -> Int {
      var count = 0
      simulation.log.forEachRecord(of: "tributary-deltas") { _, _ in count += 1 }
      return count
    }
    try simulation.startAttribution(0)
    try simulation.startRollups()
    try run(records[..<700])
    let before = deltaCount()
    simulation.clock += 3_600_000
    try run(records[700..<710])
    #expect(before > 100)
    #expect(deltaCount() < before / 2)
    try simulation.stopRollups()
    try run(records[710...])
    try simulation.runToEnd()
    let sums = compare(
      rollups: simulation.published().rollups.mapValues(\.sums), with: simulation.recompute())
    #expect(sums.agrees, "\(sums)")
  }

  static var definitions: Definitions {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    definitions.correctionHorizon = 3_600_000
    definitions.allowedLateness = 60_000
    return definitions
  }

  static func traffic(_ seed: UInt64) -> TrafficOptions {
    var options = TrafficOptions(seed: seed, eventCount: 1_500)
    options.definitions = definitions
    options.users = 40
    options.campaigns = 5
    options.eventsPerSecond = 0.2
    options.late = 0.05
    options.duplicates = 0.1
    options.conversionRate = 0.3
    options.costRows = true
    return options
  }
}

extension Simulation {
  var workerCount: Int64 { Int64(attribution.count) }
}
