import Attribution
import Testing
import Verification

/// Many touches that come late for one conversion within one commit.
@Suite struct CorrectionTests {
  /// Takes its shares back once and books them once, whatever the number of touches, and publishes
  /// what the oracle says with the next revision.
  @Test(arguments: [false, true])
  func manyLateTouchesInOneCommitCorrectAConversionOnce(isConversionPublished: Bool) {
    let engine = Engine(.everything)
    var oracle = Oracle(definitions: engine.definitions)
    func apply(_ event: OracleEvent) {
      engine.apply(event)
      oracle.add(event)
    }
    let time: Milliseconds = 1_767_600_000_000
    apply(OracleEvent(kind: .conversion, time: time, amount: 59_900_000, eventID: "v", userID: "u"))
    if isConversionPublished { engine.commit() }
    for number in 0..<600 {
      let kind: EventKind = number % 3 == 0 ? .impression : .click
      apply(
        OracleEvent(
          kind: kind, time: time - Int64(number) * 2_500, amount: 1_000, eventID: "t-\(number)",
          userID: "u", campaignID: "c-\(number % 7)", channel: "email", adID: "a",
          sessionID: "s-\(number % 5)"))
    }
    engine.commit()
    let result = compare(rollups: engine.sums, with: oracle)
    #expect(result.agrees, "\(result)")
    #expect(engine.revisions["v"] == (isConversionPublished ? 2 : 1))
    #expect(engine.attributions["v"]?.touches.count == 400)
  }

  /// With `prefer_clicks`, an impression beside a click changes nothing and publishes nothing.
  @Test func aLateImpressionBesideAClickPublishesNothing() {
    let engine = Engine(.everything)
    let time: Milliseconds = 1_767_600_000_000
    engine.apply(
      OracleEvent(kind: .click, time: time, eventID: "k", userID: "u", campaignID: "c"))
    engine.apply(OracleEvent(kind: .conversion, time: time + 1, eventID: "v", userID: "u"))
    engine.commit()
    engine.apply(
      OracleEvent(kind: .impression, time: time, eventID: "i", userID: "u", campaignID: "d"))
    engine.commit()
    #expect(engine.revisions["v"] == 1)
    engine.apply(
      OracleEvent(kind: .click, time: time, eventID: "j", userID: "u", campaignID: "d"))
    engine.commit()
    #expect(engine.revisions["v"] == 2)
    #expect(engine.attributions["v"]?.touches.map(\.eventID) == ["j", "k"])
  }
}
