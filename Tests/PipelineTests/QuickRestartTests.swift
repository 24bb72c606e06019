import Attribution
import Kafka
import Testing
import Traffic

@testable import Pipeline
@testable import TestKit

/// Restarts on a machine that has copies of the live state.
@Suite struct QuickRestartTests {
  private func make(_ seed: UInt64 = 1, segmentLimit: Int = 2_048) -> Simulation {
    var copies = SimulatedCopies()
    copies.segmentLimit = segmentLimit
    return Simulation(
      PipelineTests.definitions, seed: seed, partitions: 3, attributionWorkers: 1,
      stateRecordBytes: 512, copies: copies)
  }

  private func records(_ seed: UInt64 = 9) -> [GeneratedRecord] {
    Array(TrafficGenerator(PipelineTests.traffic(seed)))
  }

  private func stage(_ slot: WorkerSlot) throws -> AttributionStage {
    guard case .attribution(let worker)? = slot.worker else { throw SimulationFailure("gone") }
    return worker.stage
  }

  private func step(_ simulation: Simulation, _ rounds: Int = 1_000) {
    for _ in 0..<rounds {
      for slot in simulation.workers.attribution + simulation.workers.rollups {
        if !slot.isRunning { simulation.start(slot) }
        simulation.step(slot)
      }
    }
  }

  private func sizes(_ stage: AttributionStage) -> [StateSize] { stage.tasks.map(\.task.size) }

  private func expectOracle(_ simulation: Simulation) throws {
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
  }

  @Test(arguments: [true, false])
  func aRestartReadsItsCopiesAndWhatCameSince(isKilled: Bool) throws {
    let simulation = make()
    let records = records()
    let half = records.count / 2
    let worker = simulation.workers.attribution[0]
    for record in records.prefix(half) { simulation.append(record) }
    step(simulation)
    let first = try stage(worker)
    #expect(first.copiedEntries == 0 && first.openedEntries == 0)
    let before = sizes(first)
    #expect(before.reduce(0) { $0 + $1.recordCount } > 100)
    if isKilled { simulation.kill(worker) } else { simulation.stop(worker) }
    step(simulation)
    let second = try stage(worker)
    #expect(second.openedEntries > 100 && second.copiedEntries == second.openedEntries)
    #expect(sizes(second).map(\.recordCount) == before.map(\.recordCount))
    #expect(sizes(second).map(\.identityCount) == before.map(\.identityCount))
    #expect(sizes(second).map(\.userCount) == before.map(\.userCount))

    // Another machine goes on for a while, and then this one again.
    let disk = simulation.disks[0]
    let former = disk.fileSizes.keys.map { task in
      (task, disk.fileSizes[task]!.keys.map { ($0, disk[task, $0]!) })
    }
    for record in records.dropFirst(half).prefix(half / 2) { simulation.append(record) }
    step(simulation)
    let later = sizes(try stage(worker))
    simulation.kill(worker)
    for (task, files) in former {
      for file in disk.fileSizes[task]!.keys { disk[task, file] = nil }
      for (file, bytes) in files { disk[task, file] = bytes }
    }
    step(simulation)
    let third = try stage(worker)
    #expect(third.copiedEntries > 100 && third.copiedEntries < third.openedEntries)
    #expect(sizes(third).map(\.recordCount) == later.map(\.recordCount))
    #expect(simulation.copyTally.problems.isEmpty)
    for record in records.dropFirst(half + half / 2) { simulation.append(record) }
    try expectOracle(simulation)
  }

  @Test func anAbortedTransactionIsRolledBackFromDisk() throws {
    let simulation = make()
    let records = records()
    let worker = simulation.workers.attribution[0]
    for record in records.prefix(700) { simulation.append(record) }
    step(simulation)
    for record in records.dropFirst(700) { simulation.append(record) }
    var failures = 0
    simulation.hooks.onCall = { call in
      guard call == .commit, failures < 3 else { return }
      failures += 1
      throw TransactionErrorTests.error("_INJECTED", abort: true)
    }
    step(simulation, 200)
    simulation.hooks.onCall = nil
    step(simulation)
    #expect(failures == 3)
    #expect(try stage(worker).copiedEntries > 100)
    #expect(simulation.copyTally.problems.isEmpty)
    try expectOracle(simulation)
  }

  @Test func aCopyOfAnotherTopicIsRefused() throws {
    let (simulation, other) = (make(1), make(2))
    for record in records(9).prefix(900) { simulation.append(record) }
    for record in records(10).prefix(500) { other.append(record) }
    step(simulation)
    step(other)
    simulation.stop(simulation.workers.attribution[0])
    // The topic was made anew, or this disk is another cluster's.
    let (disk, foreign) = (simulation.disks[0], other.disks[0])
    for (task, files) in foreign.fileSizes {
      for file in disk.fileSizes[task]?.keys.map({ $0 }) ?? [] { disk[task, file] = nil }
      for file in files.keys { disk[task, file] = foreign[task, file] }
    }
    step(simulation)
    let restarted = try stage(simulation.workers.attribution[0])
    #expect(restarted.copiedEntries == 0 && restarted.openedEntries > 100)
    #expect(simulation.copyTally.problems.count == 1, "\(simulation.copyTally.problems)")
    for record in records(9).dropFirst(900) { simulation.append(record) }
    try expectOracle(simulation)
  }

  @Test func aCopyWhoseLastCommitWasCompactedAwayIsRefused() throws {
    let simulation = make()
    let records = records()
    let worker = simulation.workers.attribution[0]
    for record in records.prefix(500) { simulation.append(record) }
    step(simulation)
    let disk = simulation.disks[0]
    let former = disk.fileSizes.keys.map { task in
      (task, disk.fileSizes[task]!.keys.map { ($0, disk[task, $0]!) })
    }
    for record in records.dropFirst(500).prefix(500) { simulation.append(record) }
    step(simulation)
    simulation.kill(worker)
    for (task, files) in former {
      for file in disk.fileSizes[task]!.keys { disk[task, file] = nil }
      for (file, bytes) in files { disk[task, file] = bytes }
    }
    for number in 0..<Int32(3) {
      let name = TopicPartition(topic: simulation.configuration.stateTopic, partition: number)
      simulation.log.compact(name, before: simulation.log.end(of: name), dropsTombstones: true)
    }
    step(simulation)
    let restarted = try stage(worker)
    #expect(restarted.copiedEntries == 0 && restarted.openedEntries > 100)
    #expect(!simulation.copyTally.problems.isEmpty)
    for record in records.dropFirst(1_000) { simulation.append(record) }
    try expectOracle(simulation)
  }

  @Test func aFullDiskHoldsNothingUp() throws {
    let simulation = make()
    simulation.disks[0].faults.fail = 3_000
    let records = records()
    for (number, record) in records.enumerated() {
      simulation.append(record)
      if number % 300 == 299 {
        step(simulation, 300)
        simulation.kill(simulation.workers.attribution[0])
      }
    }
    #expect(!simulation.copyTally.problems.isEmpty)
    try expectOracle(simulation)
  }
}
