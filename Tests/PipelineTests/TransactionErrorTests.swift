import Attribution
import Kafka
import Testing
import TributaryTestKit

@testable import Pipeline

/// What a worker does about each kind of error of each step of a transaction.
@Suite struct TransactionErrorTests {
  /// A step, and an error of it.
  struct Case: Sendable, CustomTestStringConvertible {
    var step: MemoryLog.Step
    var error: KafkaError
    var testDescription: String { "\(error.disposition) at \(step)" }
  }

  static let steps: [MemoryLog.Step] = [.begin, .produce, .sendOffsets, .commit, .committed]

  static func error(_ name: String, abort: Bool = false, fatal: Bool = false) -> KafkaError {
    KafkaError(
      code: -1, name: name, message: "injected", operation: "test", isFatal: fatal,
      requiresAbort: abort)
  }

  static let mendedInPlace: [Case] = steps.flatMap { step in
    // A transaction that has committed can no longer be aborted.
    (step == .committed ? [] : [Case(step: step, error: error("_INJECTED", abort: true))])
      + [Case(step: step, error: error("_TIMED_OUT"))]
  }

  @Test(arguments: mendedInPlace)
  func aWorkerKeepsItsPlaceInTheGroupAndDoesTheWorkAgain(_ failing: Case) throws {
    let (failures, failedSteps, simulation) = try run(failing)
    #expect(failures > 5)
    #expect(failedSteps == 0)
    try expectOracle(simulation, failing)
  }

  @Test(arguments: steps.map { Case(step: $0, error: error("_FENCED", fatal: true)) })
  func aFatalErrorEndsTheWorkerAndTheNextDoesTheWorkAgain(_ failing: Case) throws {
    let (failures, failedSteps, simulation) = try run(failing)
    #expect(failures > 5)
    #expect(failedSteps == failures)
    try expectOracle(simulation, failing)
  }

  @Test func aTransactionThatFailsOverAndOverEndsTheWorker() throws {
    let simulation = Simulation(PipelineTests.definitions, workers: 1)
    for record in TrafficGenerator(PipelineTests.traffic(2)).prefix(100) {
      simulation.append(record)
    }
    try simulation.startAttribution(0)
    simulation.log.onStep = { step in
      if step == .commit { throw TransactionErrorTests.error("_INJECTED", abort: true) }
    }
    var rounds = 0
    while simulation.stepAttribution(0) && rounds < 1_000 { rounds += 1 }
    #expect(rounds < 1_000)
  }

  @Test func stateBeyondItsLimitStopsTheWorkerWithAClearError() throws {
    let simulation = Simulation(PipelineTests.definitions, workers: 1, stateLimit: 10_000)
    for record in TrafficGenerator(PipelineTests.traffic(2)) { simulation.append(record) }
    let error = #expect(throws: PipelineError.self) { try simulation.runToEnd() }
    #expect(error?.description.contains("max_state_bytes") == true)
  }

  /// Feeds traffic to both stages, with the error at random passes of its step.
  private func run(
    _ failing: Case
  ) throws -> (failures: Int, failedSteps: Int, Simulation) {
    var random = SeededRandom(seed: 11)
    let simulation = Simulation(PipelineTests.definitions)
    var failures = 0
    var failedSteps = 0
    for (index, record) in TrafficGenerator(PipelineTests.traffic(11)).enumerated() {
      simulation.append(record)
      guard index % 25 == 0 else { continue }
      // Not while partitions are taken over: those errors end a worker, whatever they are.
      for worker in simulation.attribution.indices where simulation.attribution[worker] == nil {
        try simulation.startAttribution(worker)
      }
      if simulation.rollups[0] == nil { try simulation.startRollups() }
      for worker in simulation.attribution.indices { simulation.stepAttribution(worker) }
      let unlucky = random.below(failing.step == .produce ? 60 : 4)
      var count: Int64 = 0
      simulation.log.onStep = { step in
        guard step == failing.step else { return }
        count += 1
        guard count == unlucky else { return }
        failures += 1
        throw failing.error
      }
      for _ in 0..<3 {
        for worker in simulation.attribution.indices
        where simulation.attribution[worker] != nil && !simulation.stepAttribution(worker) {
          failedSteps += 1
        }
        if simulation.rollups[0] != nil && !simulation.stepRollups() { failedSteps += 1 }
      }
      simulation.log.onStep = nil
      // Something must succeed now and then.
      for _ in 0..<4 {
        for worker in simulation.attribution.indices { simulation.stepAttribution(worker) }
        simulation.stepRollups()
      }
    }
    try simulation.runToEnd()
    return (failures, failedSteps, simulation)
  }

  private func expectOracle(_ simulation: Simulation, _ failing: Case) throws {
    let oracle = simulation.recompute()
    let (rollups, attributions) = simulation.published()
    let sums = compare(rollups: rollups.mapValues(\.sums), with: oracle)
    #expect(sums.agrees, "\(failing.testDescription): \(sums)")
    let credits = compare(attributions: attributions, with: oracle)
    #expect(credits.agrees, "\(failing.testDescription): \(credits)")
    #expect(sums.compared > 50 && credits.compared > 20)
  }
}
