import Testing

@testable import TestKit
@testable import Traffic

/// How a run that stops at the end finds it, with somebody dead about.
@Suite struct EndOfRunTests {
  @Test func theEndIsBehindATransactionThatADeadProducerHasLeftOpen() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 3)
    let deadProducer = try simulation.log.makeProducer(transactionalID: "dead")
    try deadProducer.begin()
    let value: [UInt8] = [0]
    try value.withUnsafeBytes { value in
      for partition in 0..<Int32(2) {
        try deadProducer.produce(
          simulation.configuration.deltasTopic, partition: partition, key: value, value: value,
          timestamp: nil, headers: [])
      }
    }
    for record in TrafficGenerator(PipelineTests.traffic(3)) { simulation.append(record) }
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(report.differences)")
    #expect(report.rollups > 50)
  }

  @Test func theEndWaitsForTheTasksOfADeadMember() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 4)
    for record in TrafficGenerator(PipelineTests.traffic(4)).prefix(300) {
      simulation.append(record)
    }
    let (living, dead) = (simulation.workers.attribution[0], simulation.workers.attribution[1])
    let rollups = simulation.workers.rollups[0]
    for slot in simulation.workers.all { simulation.start(slot, stopsAtEnd: slot === living) }
    for _ in 0..<500 { for slot in simulation.workers.all { simulation.step(slot) } }
    simulation.kill(dead)
    guard case .rollups(let worker) = rollups.worker, case .attribution(let other) = living.worker
    else { return #expect(Bool(false), "a worker failed") }
    let ends = try #require(try other.inputEnds())
    let isRead = try other.isGroupFinished(upTo: ends)
    #expect(isRead)
    worker.finish()
    for _ in 0..<20 { simulation.step(rollups) }
    #expect(worker.waitsForTasks && !worker.isFinished)

    simulation.clock.advance(40_000)
    for _ in 0..<200 { for slot in [living, rollups] { simulation.step(slot) } }
    if worker.waitsForTasks { worker.finish() }
    for _ in 0..<20 { for slot in [living, rollups] { simulation.step(slot) } }
    #expect(worker.isFinished)
    #expect(simulation.rollupsOnTopic().values.allSatisfy { $0.isFinal })
  }

  @Test func tasksThatRunOnAreLeftOpenOnRequest() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 5)
    for record in TrafficGenerator(PipelineTests.traffic(5)).prefix(300) {
      simulation.append(record)
    }
    for slot in simulation.workers.all { simulation.start(slot) }
    for _ in 0..<500 { for slot in simulation.workers.all { simulation.step(slot) } }
    guard case .rollups(let worker) = simulation.workers.rollups[0].worker else {
      return #expect(Bool(false), "the worker failed")
    }
    worker.finish()
    for _ in 0..<20 { simulation.step(simulation.workers.rollups[0]) }
    #expect(worker.waitsForTasks)
    worker.leaveTasksOpen()
    for _ in 0..<20 { simulation.step(simulation.workers.rollups[0]) }
    #expect(worker.isFinished)
    #expect(simulation.rollupsOnTopic().values.contains { !$0.isFinal })
  }
}
