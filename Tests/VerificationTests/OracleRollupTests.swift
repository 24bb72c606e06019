import Attribution
import Testing
import Traffic
import Verification

@Suite struct OracleRollups {
  func key(_ dimension: String, _ start: Milliseconds, view: String = "campaign") -> RollupKey {
    RollupKey(view: view, dimensions: [dimension], windowStart: start)
  }

  @Test func aBucketCountsTouchesDistinctUsersSessionsAndSpend() {
    let rollups = oracle([
      click("k-1", at: 0, by: "u-1", session: "s-1", cost: 250_000),
      click("k-2", at: 1, by: "u-1", session: "s-1", cost: 1),
      impression("i-1", at: 2, by: "u-2", session: "s-1"),
      impression("i-2", at: 3, by: "u-2", session: "s-2"),
      impression("i-3", at: minutes(5) - 1, by: "u-3"),
      click("k-3", at: minutes(5), by: "u-1", session: "s-1"),
    ]).rollups()
    var first = RollupSums(modelCount: 1)
    first.clicks = 2
    first.impressions = 3
    first.users = 3
    first.sessions = 3
    first.spend = 250_001
    #expect(rollups[key("c-1", 0)] == first)
    #expect(rollups[key("c-1", minutes(5))]?.users == 1)
    #expect(rollups.count == 2)
  }

  @Test func whatNoTouchEarnedIsUnattributedInEveryView() {
    let rollups = oracle([conversion("v", at: minutes(7), value: 5)]) {
      $0.models = [.linear, .lastTouch]
      $0.views.append(
        View(
          name: "wide", dimensions: [.channel, .adID], periodMilliseconds: 60_000,
          bucketConversionsBy: .touch))
    }.rollups()
    let wide = RollupKey(
      view: "wide", dimensions: ["(unattributed)", "(unattributed)"], windowStart: minutes(7))
    #expect(rollups.count == 2)
    #expect(rollups[key("(unattributed)", minutes(5))]?.credits == [1_000_000, 1_000_000])
    #expect(rollups[wide]?.revenues == [5, 5])
  }

  @Test func aCampaignReallyCalledSoIsNotTheUnattributed() {
    let rollups = oracle([
      click("k", at: 0, campaign: "(unattributed)"), conversion("v", at: 1, value: 5),
      conversion("w", at: 1, by: "u-2", value: 7),
    ]).rollups()
    #expect(rollups[key("\\(unattributed)", 0)]?.revenues == [5])
    #expect(rollups[key("(unattributed)", 0)]?.revenues == [7])
  }

  @Test func creditCountsInTheBucketOfTheConversionOrOfTheTouch() {
    let events = [
      click("k-1", at: minutes(1), campaign: "c-1"), click("k-2", at: minutes(6), campaign: "c-2"),
      conversion("v", at: minutes(11), value: 10),
    ]
    func rollups(_ bucket: ConversionBucket) -> [RollupKey: RollupSums] {
      oracle(events) {
        $0.models = [.linear]
        $0.views[0].bucketConversionsBy = bucket
      }.rollups()
    }
    let byConversion = rollups(.conversion)
    #expect(byConversion.count == 4)
    #expect(byConversion[key("c-1", minutes(10))]?.revenues == [5])
    #expect(byConversion[key("c-2", minutes(10))]?.credits == [500_000])
    let byTouch = rollups(.touch)
    #expect(byTouch.count == 2)
    #expect(byTouch[key("c-1", 0)]?.revenues == [5])
    #expect(byTouch[key("c-2", minutes(5))]?.credits == [500_000])
  }

  @Test func windowsBeforeTheEpochAreAlignedToIt() {
    let rollups = oracle([click("k-1", at: -1), click("k-2", at: minutes(-5))]).rollups()
    #expect(rollups[key("c-1", minutes(-5))]?.clicks == 2)
  }

  @Test func aCostRowIsSpendOfItsCampaignAndOfNoChannel() {
    let cost = OracleEvent(
      kind: .cost, time: minutes(3), amount: 7, eventID: "f-1", campaignID: "c-1")
    let rollups = oracle([cost]) {
      $0.views.append(
        View(name: "channel", dimensions: [.channel], periodMilliseconds: 300_000))
    }.rollups()
    #expect(rollups[key("c-1", 0)]?.spend == 7)
    #expect(rollups[key("", 0, view: "channel")]?.spend == 7)
    #expect(rollups.count == 2)
  }

  @Test func theOrderInWhichEventsCameDoesNotMatter() {
    let seed: UInt64 = 11
    var random = SeededRandom(seed: seed)
    var events: [OracleEvent] = []
    for index in 0..<600 {
      let user = "u-\(random.below(20))"
      let time = random.below(7_200_000)
      switch random.below(4) {
      case 0: events.append(conversion("v-\(index)", at: time, by: user, value: random.below(99)))
      case 1: events.append(impression("i-\(index)", at: time, by: user, session: "s"))
      default:
        events.append(click("k-\(index)", at: time, by: user, campaign: "c-\(random.below(5))"))
      }
    }
    func change(_ definitions: inout Definitions) {
      definitions.models = Model.allCases
      definitions.touchKinds = [.click, .impression]
    }
    let first = oracle(events, change)
    let second = oracle(events.shuffled(using: &random), change)
    #expect(first.rollups() == second.rollups(), "seed \(seed)")
    #expect(first.attributions() == second.attributions(), "seed \(seed)")

    let rollups = first.rollups()
    for model in Model.allCases.indices {
      let credit = rollups.values.reduce(0) { $0 + $1.credits[model] }
      let revenue = rollups.values.reduce(Int128(0)) { $0 + Int128($1.revenues[model]) }
      #expect(credit == 1_000_000 * Int64(first.accepted(.conversion)))
      #expect(revenue == first.totalValue)
    }
  }
}
