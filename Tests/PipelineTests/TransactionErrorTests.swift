import Attribution
import Kafka
import TestKit
import Testing
import Traffic

/// What a worker does about each kind of error of each step of a transaction.
@Suite struct TransactionErrorTests {
  /// A step, and an error of it.
  struct Case: Sendable, CustomTestStringConvertible {
    var step: LogCall
    var error: KafkaError
    var testDescription: String { "\(error.recovery) at \(step)" }
  }

  static let steps: [LogCall] = [.begin, .produce, .sendOffsets, .commit, .committed]

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
    let simulation = Simulation(PipelineTests.definitions, seed: 1, attributionWorkers: 1)
    for record in TrafficGenerator(PipelineTests.traffic(2)).prefix(100) {
      simulation.append(record)
    }
    let worker = simulation.workers.attribution[0]
    simulation.start(worker)
    simulation.hooks.onCall = { step in
      if step == .commit { throw TransactionErrorTests.error("_INJECTED", abort: true) }
    }
    var rounds = 0
    while simulation.step(worker) && rounds < 1_000 { rounds += 1 }
    #expect(rounds < 1_000)
  }

  @Test func aMissingRightEndsTheWorkerAtOnceWhateverLibrdkafkaOffers() throws {
    let simulation = Simulation(PipelineTests.definitions, seed: 1, attributionWorkers: 1)
    for record in TrafficGenerator(PipelineTests.traffic(2)).prefix(100) {
      simulation.append(record)
    }
    let worker = simulation.workers.attribution[0]
    simulation.start(worker)
    var failures = 0
    simulation.hooks.onCall = { step in
      guard step == .commit else { return }
      failures += 1
      throw TransactionErrorTests.error("TOPIC_AUTHORIZATION_FAILED", abort: true)
    }
    var rounds = 0
    while simulation.step(worker) && rounds < 1_000 { rounds += 1 }
    #expect(failures == 1)
  }

  @Test func stateBeyondItsLimitStopsTheWorkerWithAClearError() throws {
    let simulation = Simulation(
      PipelineTests.definitions, seed: 1, attributionWorkers: 1, memoryLimit: 10_000)
    for record in TrafficGenerator(PipelineTests.traffic(2)) { simulation.append(record) }
    let error = #expect(throws: SimulationFailure.self) { try simulation.runToEnd() }
    #expect(error?.description.contains("max_memory") == true)
  }

  /// Feeds traffic to both stages, with the error at random passes of its step.
  private func run(
    _ failing: Case
  ) throws -> (failures: Int, failedSteps: Int, Simulation) {
    var random = SeededRandom(seed: 11)
    let simulation = Simulation(PipelineTests.definitions, seed: 11)
    var failures = 0
    var failedSteps = 0
    for (index, record) in TrafficGenerator(PipelineTests.traffic(11)).enumerated() {
      simulation.append(record)
      guard index % 25 == 0 else { continue }
      // Not while partitions are taken over: those errors end a worker, whatever they are.
      let missing = simulation.workers.all.filter { !$0.isRunning }
      for slot in missing { simulation.start(slot) }
      for _ in 0..<4 where !missing.isEmpty {
        for slot in simulation.workers.all { simulation.step(slot) }
      }
      let unlucky = random.below(failing.step == .produce ? 60 : 4)
      var count: Int64 = 0
      simulation.hooks.onCall = { step in
        guard step == failing.step else { return }
        count += 1
        guard count == unlucky else { return }
        failures += 1
        throw failing.error
      }
      for _ in 0..<3 {
        for slot in simulation.workers.all where slot.isRunning && !simulation.step(slot) {
          failedSteps += 1
        }
      }
      simulation.hooks.onCall = nil
      // Something must succeed now and then.
      for _ in 0..<4 { for slot in simulation.workers.all { simulation.step(slot) } }
    }
    try simulation.runToEnd()
    return (failures, failedSteps, simulation)
  }

  private func expectOracle(_ simulation: Simulation, _ failing: Case) throws {
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(failing.testDescription): \(report.differences)")
    #expect(report.rollups > 50 && report.attributions > 20)
  }
}
