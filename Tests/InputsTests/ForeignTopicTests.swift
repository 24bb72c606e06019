import Attribution
import Configuration
import TestKit
import Testing
import Traffic

/// A foreign topic that holds several kinds gives what brute force finds in it.
@Suite struct ForeignTopicTests {
  @Test(arguments: [
    EventKind.allCases, [.click, .conversion], [.impression, .cost], [.conversion],
  ])
  func aTopicOfSeveralKindsEqualsTheOracle(kinds: [EventKind]) throws {
    var filtered = 0
    for seed in UInt64(1)...12 {
      var options = TrafficOptions(seed: seed, eventCount: 400)
      options.users = 20
      options.duplicates = 0.05
      options.malformed = 0.02
      options.late = 0.05
      options.costRows = true
      options.eventsPerSecond = 0.2
      var definitions = Definitions()
      definitions.touchKinds = [.click, .impression]
      definitions.correctionHorizon = 30 * 60_000
      options.definitions = definitions
      let simulation = Simulation(
        definitions, seed: seed, partitions: 3, form: ForeignForm(kinds: kinds))
      for record in TrafficGenerator(options) { simulation.append(record) }
      try simulation.runToEnd()
      let report = simulation.verify()
      #expect(report.differences.agrees, "seed \(seed): \(report.differences)")
      let shared = try #require(report.inputs.first { $0.topic == ForeignForm.topic }?.tally)
      filtered += shared.filtered
      #expect(shared.accepted > 0)
      let tally = shared.accepted + shared.duplicates + shared.deadLetters + shared.tooLate
      #expect(tally + shared.filtered == shared.records)
    }
    #expect(filtered > 0)
  }
}
