import Attribution
import Testing
import Verification

@Suite struct OracleEligibility {
  func touches(
    _ events: [OracleEvent], _ change: (inout Definitions) -> Void = { _ in }
  ) -> [String] {
    oracle(events, change).attributions()["v"]!.touches.map(\.eventID)
  }

  @Test func bothEndsOfTheLookbackAreEligible() {
    let at = minutes(60)
    let events = [
      click("before", at: at - minutes(30) - 1), click("first", at: at - minutes(30)),
      click("last", at: at), click("after", at: at + 1),
      click("other user", at: at, by: "u-2"), conversion("v", at: at),
    ]
    #expect(touches(events) == ["first", "last"])
  }

  @Test func touchesWithTheSameTimeAreOrderedByTheBytesOfTheirIds() {
    // "e" + combining accent equals "é" as text, and sorts before it by bytes.
    let ids = ["k-é", "k-e\u{301}", "k-10", "k-9", "K-9"]
    let events = ids.map { click($0, at: 0) } + [conversion("v", at: 1)]
    let expected = ["K-9", "k-10", "k-9", "k-e\u{301}", "k-é"]
    #expect(touches(events).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
  }

  @Test func impressionsNeedToBeListedAndHaveTheirOwnLookback() {
    let events = [
      impression("old", at: 0), impression("new", at: minutes(50)),
      conversion("v", at: minutes(60)),
    ]
    #expect(touches(events) == [])
    #expect(touches(events) { $0.touchKinds = [.click, .impression] } == ["new"])
    #expect(
      touches(events) {
        $0.touchKinds = [.impression]
        $0.impressionLookback = minutes(60)
      } == ["old", "new"])
  }

  @Test func clicksTakeAllUnlessImpressionsCountAsMuch() {
    let events = [
      impression("i", at: minutes(10)), click("k", at: minutes(5)),
      impression("j", at: minutes(11)),
      conversion("v", at: minutes(12)),
    ]
    #expect(touches(events) { $0.touchKinds = [.click, .impression] } == ["k"])
    #expect(
      touches(events) {
        $0.touchKinds = [.click, .impression]
        $0.preferClicks = false
      } == ["k", "i", "j"])
    // A click that is too old to be eligible takes nothing.
    #expect(
      touches(events) {
        $0.touchKinds = [.click, .impression]
        $0.lookback = minutes(5)
      } == ["i", "j"])
  }

  @Test func theFirstOfAnEventIdCountsWithinItsKind() {
    var oracle = oracle([])
    let counted = [
      click("x", at: 0, campaign: "c-1"), click("x", at: minutes(1), campaign: "c-2"),
      conversion("x", at: minutes(2)), click("e\u{301}", at: 0), click("é", at: 0),
    ].map { oracle.add($0) }
    #expect(counted == [.new, .duplicate, .new, .new, .new])
    #expect(oracle.accepted(.click) == 3)
    #expect(oracle.duplicates(.click) == 1)
    #expect(oracle.accepted(.conversion) == 1)
    #expect(oracle.duplicates(.conversion) == 0)
    #expect(oracle.attributions()["x"]?.touches.contains { $0.campaignID == "c-2" } == false)
  }
}
