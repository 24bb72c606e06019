import Attribution
import Codec
import TestKit
import Testing
import Traffic

/// Both stages with `pseudonymize`: the same numbers, and no id of a user in anything that is written.
@Suite struct PseudonymTests {
  private static let key = PseudonymKey(Array("a key of 32 bytes that is no secret".utf8))

  private static func run(_ key: PseudonymKey?) throws -> Simulation {
    var definitions = PipelineTests.definitions
    definitions.pseudonymKey = key
    let simulation = Simulation(definitions, seed: 9)
    var options = TrafficOptions(seed: 9, eventCount: 3_000)
    options.definitions = definitions
    options.users = 100
    options.eventsPerSecond = 0.2
    options.late = 0.05
    options.duplicates = 0.05
    options.malformed = 0.05
    for record in TrafficGenerator(options) { simulation.append(record) }
    try simulation.runToEnd()
    return simulation
  }

  /// Keys, values and headers of a topic's records as one text.
  private static func text(_ topic: String, of simulation: Simulation) -> [String] {
    var texts: [String] = []
    simulation.log.forEachRecord(of: topic) { record in
      let parts =
        [record.key.map { Array($0) }, record.value.map { Array($0) }]
        + record.headers().map(\.value)
      texts.append(
        parts.map { String(decoding: $0 ?? [], as: UTF8.self) }.joined(separator: " "))
    }
    return texts
  }

  @Test func theNumbersAreTheSameAndNoTopicHoldsAUser() throws {
    let plain = try Self.run(nil)
    let hidden = try Self.run(Self.key)
    for simulation in [plain, hidden] {
      let report = simulation.verify()
      #expect(report.differences.total == 0, "\(report.differences)")
    }
    let topics = hidden.configuration.topics
    func rollups(_ simulation: Simulation) -> Set<String> {
      Set(Self.text(topics.rollups, of: simulation).filter { !$0.hasPrefix("@") })
    }
    #expect(!rollups(plain).isEmpty)
    #expect(Self.text(topics.attributions, of: plain).count > 10)

    let user = /u-[0-9a-f]{16}/
    let written = [
      topics.attributions, topics.deadLetters, topics.lateEvents, topics.accepted!, topics.rollups,
      hidden.configuration.stateTopic, hidden.configuration.deltasTopic,
    ]
    var plainFindings = 0
    for topic in written {
      plainFindings += Self.text(topic, of: plain).filter { $0.contains(user) }.count
      let texts = Self.text(topic, of: hidden)
      #expect(texts.allSatisfy { !$0.contains(user) }, "\(topic)")
      // Deltas go once they are in the rollups; so short a stream has no event that is too late.
      let mayBeEmpty = [
        hidden.configuration.deltasTopic, topics.rollups, topics.lateEvents,
      ].contains(topic)
      #expect(mayBeEmpty || !texts.isEmpty, "\(topic)")
    }
    // The search finds what it looks for.
    #expect(plainFindings > 100)
  }
}
