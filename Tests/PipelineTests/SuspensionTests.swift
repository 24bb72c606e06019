import Attribution
import Testing
import Traffic

@testable import Pipeline
@testable import TestKit

/// Instances that come and go: a task that stays where it is goes on with what it remembers.
@Suite struct SuspensionTests {
  @Test func aTaskThatStaysIsNotReadBack() throws {
    let simulation = Simulation(
      PipelineTests.definitions, seed: 1, partitions: 4, rollupPartitions: 2,
      attributionWorkers: 2, rollupWorkers: 2, isStatic: false)
    let records = Array(TrafficGenerator(PipelineTests.traffic(9)))
    let half = records.count / 2
    for record in records.prefix(half) { simulation.append(record) }
    let (first, second) = (simulation.workers.attribution[0], simulation.workers.attribution[1])
    let rollups = simulation.workers.rollups
    func step(_ slots: [WorkerSlot]) {
      for _ in 0..<1_500 { for slot in slots { #expect(simulation.step(slot)) } }
    }
    func stage(_ slot: WorkerSlot) throws -> AttributionStage {
      guard case .attribution(let worker)? = slot.worker else { throw SimulationFailure("gone") }
      return worker.stage
    }
    func remembered(_ stage: AttributionStage) -> Int {
      stage.tasks.reduce(0) { $0 + $1.task.size.recordCount }
    }

    simulation.start(first)
    simulation.start(rollups[0])
    step([first, rollups[0]])
    let alone = try stage(first)
    let all = alone.tasks.count
    #expect(all >= 4 && alone.resumedCount == 0)

    // Another instance comes and takes half of them.
    simulation.start(second)
    simulation.start(rollups[1])
    step([first, second] + rollups)
    let kept = try stage(first)
    #expect(kept.tasks.count == all / 2 && kept.resumedCount == all / 2)
    #expect(kept.openedEntries == 0 && remembered(kept) > 0)
    let taken = try stage(second)
    #expect(taken.tasks.count == all / 2 && taken.resumedCount == 0 && taken.openedEntries > 0)
    for record in records.dropFirst(half) { simulation.append(record) }
    step([first, second] + rollups)

    // And goes: its half is read back, the other is not.
    simulation.stop(second)
    simulation.stop(rollups[1])
    step([first, rollups[0]])
    let whole = try stage(first)
    #expect(whole.tasks.count == all && whole.resumedCount == all / 2 && whole.openedEntries > 0)
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }
}
