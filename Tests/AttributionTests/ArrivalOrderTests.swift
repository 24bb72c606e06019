import Attribution
import Testing
import Verification

/// The published result is a function of the set of events, not of their order.
@Suite struct ArrivalOrderTests {
  @Test func everyOrderOfSixTouchesAndTwoConversionsGivesTheSameRollups() {
    let events = ArrivalOrderTests.journey
    for advance: Milliseconds? in [nil, 3_600_000, 20 * 3_600_000] {
      var expected: ([RollupKey: RollupSums], [ByteString: OracleAttribution])?
      var orders = 0
      ArrivalOrderTests.forEachPermutation(of: events) { order in
        orders += 1
        let engine = Engine(.everything)
        for (index, event) in order.enumerated() {
          // Half-way the watermark passes everything, so that the second half is late.
          if index == order.count / 2, let advance {
            for kind in [EventKind.impression, .click, .conversion] {
              engine.apply(
                OracleEvent(
                  kind: kind, time: 10_000_000 + advance, eventID: "mark", userID: "somebody else",
                  campaignID: "other", channel: "other"))
            }
            engine.commit()
          }
          engine.apply(event)
          if index % 3 == 1 { #expect(engine.apply(order[index / 2]) == .duplicate) }
          if index % 4 == 3 { engine.commit() }
        }
        for event in order { #expect(engine.apply(event) == .duplicate) }
        engine.commit()
        guard let (sums, attributions) = expected else {
          expected = (engine.sums, engine.attributions)
          var oracle = Oracle(definitions: engine.definitions)
          for event in events { oracle.add(event) }
          if advance == nil {
            #expect(compare(rollups: engine.sums, with: oracle).agrees)
            #expect(compare(attributions: engine.attributions, with: oracle).agrees)
          }
          return
        }
        if engine.sums != sums || engine.attributions != attributions {
          Issue.record("order \(order.map(\.eventID)) gives other numbers")
        }
      }
      #expect(orders == 40_320)
    }
  }

  /// Six touches, two of them at one instant and one on the edge of the look-back, two conversions.
  static let journey: [OracleEvent] = {
    let lookback = Definitions().lookback
    func touch(_ id: String, _ kind: EventKind, _ time: Milliseconds, _ campaign: String)
      -> OracleEvent
    {
      OracleEvent(
        kind: kind, time: time, amount: 350_001, eventID: id, userID: "u", campaignID: campaign,
        channel: campaign == "c-1" ? "direct" : "email", adID: "a-\(time % 2)", sessionID: "s-1")
    }
    let start: Milliseconds = 10_000_000
    return [
      touch("k-1", .click, start, "c-1"), touch("k-3", .click, start + 60_000, "c-2"),
      touch("k-2", .click, start + 60_000, "c-3"), touch("i-1", .impression, start + 90_000, "c-2"),
      touch("k-4", .click, start + 400_000, "c-1"),
      touch("i-2", .impression, start + 1_900_000, "c-3"),
      OracleEvent(
        kind: .conversion, time: start + lookback, amount: 10_000_001, eventID: "v-1", userID: "u"),
      OracleEvent(
        kind: .conversion, time: start + lookback + 450_000, amount: 59_900_000, eventID: "v-2",
        userID: "u"),
    ]
  }()

  /// Heap's algorithm.
  static func forEachPermutation<Element>(of elements: [Element], _ body: ([Element]) -> Void) {
    var elements = elements
    func permute(_ count: Int) {
      guard count > 1 else { return body(elements) }
      for index in 0..<count {
        permute(count - 1)
        if index < count - 1 { elements.swapAt(count % 2 == 0 ? index : 0, count - 1) }
      }
    }
    permute(elements.count)
  }
}
