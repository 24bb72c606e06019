import Attribution
import Testing
import TributaryTestKit

/// Bots and shared ids: a user with thousands of touches is counted as exactly as any other.
@Suite struct BusyUserTests {
  @Test(arguments: 1...8)
  func distinctUsersAndSessionsOfABusyUserEqualTheOracle(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let engine = Engine(.everything)
    var oracle = Oracle(definitions: engine.definitions)
    for number in 0..<6_000 {
      let kind = EventKind(rawValue: UInt8(random.below(20) == 0 ? 2 : random.below(2)))!
      // Mostly in order, some far back, over a few hours.
      let disorder = random.below(10) == 0 ? random.below(3_600_000) : random.below(2_000)
      let event = OracleEvent(
        kind: kind, time: 1_767_600_000_000 + Int64(number) * 1_500 - disorder,
        amount: random.below(1_000), eventID: "e-\(number)", userID: "u-\(random.below(2))",
        campaignID: "c-\(random.below(30))", channel: "ch-\(random.below(3))",
        adID: "a-\(random.below(50))", sessionID: "s-\(random.below(4_000))")
      #expect(engine.apply(event) != .tooLate)
      oracle.add(event)
      if number % 500 == 0 { engine.commit() }
    }
    engine.commit()
    let result = compare(rollups: engine.sums, with: oracle)
    #expect(result.agrees, "seed \(seed): \(result)")
    #expect(result.compared > 500)
  }
}
