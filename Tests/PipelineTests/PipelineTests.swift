import Attribution
import Codec
import Kafka
import Testing

@testable import TestKit
@testable import Traffic

/// Both stages over a cluster in memory, where a story is worth telling step by step. For all the
/// others see `SimulationTests`.
@Suite struct PipelineTests {
  @Test func stateOfOtherDefinitionsIsRefused() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1)
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
      let next = Simulation(other, seed: 1, log: simulation.log)
      #expect(throws: SimulationFailure.self) { try next.runToEnd() }
      #expect(next.failure?.contains("was written by another application_id") ?? false)
    }
    let same = Simulation(PipelineTests.definitions, seed: 1, log: simulation.log)
    try same.runToEnd()
    let report = same.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }

  @Test func backlogAfterACleanEndIsNotFinalBeforeEveryTaskHasReadIt() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1)
    var options = PipelineTests.traffic(4)
    options.late = 0
    let records = Array(TrafficGenerator(options))
    for record in records.prefix(300) { simulation.append(record) }
    try simulation.runToEnd()
    let closedThrough = simulation.rollupsOnTopic().values.map(\.windowEnd).max()!
    for record in records.dropFirst(300) { simulation.append(record) }
    for slot in simulation.workers.all { simulation.start(slot) }
    let (awake, asleep) = (simulation.workers.attribution[0], simulation.workers.attribution[1])
    // Until both have joined and taken their tasks over, and then one reads all it has.
    for _ in 0..<8 {
      for slot in simulation.workers.all where slot !== asleep || slot.isRunning {
        simulation.step(slot)
      }
    }
    for _ in 0..<200 {
      simulation.step(awake)
      simulation.step(simulation.workers.rollups[0])
    }
    let early = simulation.rollupsOnTopic().filter {
      $0.value.isFinal && $0.value.windowEnd > closedThrough
    }
    try simulation.runToEnd()
    let final = simulation.rollupsOnTopic()
    for (key, rollup) in early { #expect(final[key]?.sums == rollup.sums, "\(key)") }
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }

  @Test func theChangelogHoldsNothingButTheLiveState() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1)
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

  @Test(arguments: [256, 512 << 10])
  func onlyFullRecordsOfStateAreWrittenAheadOfTheirCommit(recordBytes: Int) throws {
    let simulation = Simulation(
      PipelineTests.definitions, seed: 1, partitions: 3, commitInterval: 3_600_000,
      stateRecordBytes: recordBytes)
    for slot in simulation.workers.all { simulation.start(slot) }
    for record in TrafficGenerator(PipelineTests.traffic(9)) { simulation.append(record) }
    for _ in 0..<200 { for slot in simulation.workers.all { simulation.step(slot) } }
    let partitions = (0..<3).map { TopicPartition(topic: "tributary-state", partition: $0) }
    let written = try simulation.log.ends(of: partitions).values.reduce(0, +)
    #expect(recordBytes == 256 ? written > 20 : written == 0, "\(written) written")
    #expect(simulation.log.liveRecordCount(of: "tributary-state") == 0)
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }

  @Test func deltasThatHaveBeenAddedAreDeleted() throws {
    var timeouts = MemoryLog.Timeouts()
    timeouts.session = 1 << 40
    timeouts.transaction = 1 << 40
    let simulation = Simulation(PipelineTests.definitions, seed: 1, timeouts: timeouts)
    let records = Array(TrafficGenerator(PipelineTests.traffic(8)))
    func run(_ part: ArraySlice<GeneratedRecord>) {
      for record in part { simulation.append(record) }
      for _ in 0..<200 { for slot in simulation.workers.all { simulation.step(slot) } }
    }
    func deltas() -> Set<[Int64]> {
      var places: Set<[Int64]> = []
      simulation.log.forEachRecord(of: "tributary-deltas") {
        places.insert([Int64($0.partition), $0.offset])
      }
      return places
    }
    for slot in simulation.workers.all { simulation.start(slot) }
    run(records[..<700])
    let before = deltas()
    simulation.clock.advance(3_600_000)
    run(records[700..<710])
    #expect(before.count > 10)
    #expect(deltas().isDisjoint(with: before))
    run(records[710...])
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }

  static var definitions: Definitions {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    definitions.correctionHorizon = 3_600_000
    definitions.watermarkDelay = 60_000
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
