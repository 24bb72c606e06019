import Attribution
import Testing
import Traffic
import Verification

/// Users with more touches than may share a credit, and with more than anybody would walk through.
@Suite struct BusyUserTests {
  private let start: Milliseconds = 1_767_600_000_000

  private func touch(
    _ number: Int, _ kind: EventKind = .click, after milliseconds: Milliseconds,
    of user: String = "u"
  ) -> OracleEvent {
    OracleEvent(
      kind: kind, time: start + milliseconds, eventID: "\(kind)-\(number)", userID: user,
      campaignID: "c-\(number % 3)", channel: "x")
  }

  private func conversion(
    _ id: String, after milliseconds: Milliseconds, of user: String = "u"
  ) -> OracleEvent {
    OracleEvent(
      kind: .conversion, time: start + milliseconds, amount: 10_000_000, eventID: id, userID: user)
  }

  private func definitions(maxTouches: Int) -> Definitions {
    var definitions = Definitions.everything
    definitions.maxTouches = maxTouches
    return definitions
  }

  @Test(arguments: [1, 2, 256]) func ofTooManyTouchesTheLastOnesCount(longestWalk: Int) {
    let engine = Engine(definitions(maxTouches: 3), longestWalk: longestWalk)
    for number in 0..<5 { engine.apply(touch(number, after: 1_000 * Int64(number))) }
    engine.apply(conversion("v", after: 10_000))
    engine.commit()
    let found = engine.attributions["v"]
    #expect(found?.touches.map(\.eventID) == ["click-2", "click-3", "click-4"])
    #expect(found?.isTruncated == true)
    #expect(found?.credits.allSatisfy { $0.reduce(0, +) == 1_000_000 } == true)
  }

  @Test(arguments: [1, 256]) func clicksArePreferredBeforeTouchesAreCounted(longestWalk: Int) {
    let engine = Engine(definitions(maxTouches: 2), longestWalk: longestWalk)
    engine.apply(touch(0, after: 0))
    for number in 1..<9 { engine.apply(touch(number, .impression, after: 1_000 * Int64(number))) }
    engine.apply(conversion("v", after: 10_000))
    engine.commit()
    #expect(engine.attributions["v"]?.touches.map(\.eventID) == ["click-0"])
    #expect(engine.attributions["v"]?.isTruncated == false)
  }

  @Test(arguments: [1, 256])
  func aLateTouchThatCannotBeAmongTheLastChangesNothing(longestWalk: Int) {
    let engine = Engine(definitions(maxTouches: 3), longestWalk: longestWalk)
    for number in 1..<6 { engine.apply(touch(number, after: 1_000 * Int64(number))) }
    engine.apply(conversion("early", after: 3_500))
    engine.apply(conversion("v", after: 10_000))
    engine.commit()
    // Behind three others of "v", and among the last three of "early".
    engine.apply(touch(0, after: 2_500))
    engine.commit()
    #expect(engine.revisions["v"] == 1 && engine.revisions["early"] == 2)
    #expect(
      engine.attributions["early"]?.touches.map(\.eventID) == ["click-2", "click-0", "click-3"])
    #expect(engine.attributions["early"]?.isTruncated == true)
  }

  @Test(arguments: [1, 256])
  func aLateTouchThatIsOneTooManyMakesTheAttributionSaySo(longestWalk: Int) {
    let engine = Engine(definitions(maxTouches: 3), longestWalk: longestWalk)
    for number in 1..<4 { engine.apply(touch(number, after: 1_000 * Int64(number))) }
    engine.apply(conversion("v", after: 10_000))
    engine.commit()
    #expect(engine.attributions["v"]?.isTruncated == false)
    engine.apply(touch(0, after: 500))
    engine.commit()
    #expect(engine.attributions["v"]?.isTruncated == true && engine.revisions["v"] == 2)
    engine.apply(touch(9, after: 400))
    engine.commit()
    #expect(engine.revisions["v"] == 2)
  }

  @Test func usersThatStandForNobodyEarnNothing() {
    var definitions = Definitions()
    definitions.unmatchedUsers = ["0000", "\u{E9}"]
    let engine = Engine(definitions)
    for user in ["0000", "000", "\u{E9}", "e\u{301}"] {
      engine.apply(
        OracleEvent(
          kind: .click, time: start, eventID: "k-\(user)", userID: user, campaignID: "c"))
      engine.apply(conversion("v-\(user)", after: 1_000, of: user))
    }
    engine.commit()
    // A late click changes nothing either.
    engine.apply(
      OracleEvent(kind: .click, time: start + 1, eventID: "late", userID: "0000", campaignID: "c"))
    engine.commit()
    #expect(engine.attributions["v-0000"]?.touches.isEmpty == true)
    #expect(engine.revisions["v-0000"] == 1)
    #expect(engine.attributions["v-\u{E9}"]?.touches.isEmpty == true)
    #expect(engine.attributions["v-000"]?.touches.count == 1)
    #expect(engine.attributions["v-e\u{301}"]?.touches.count == 1)
    let clicks = engine.sums.filter { $0.key.view == "campaign_5m" }.map(\.value.clicks)
    #expect(clicks.reduce(0, +) == 5)
  }

  /// Every order of arrival, every limit and both ways of finding touches agree with the oracle.
  @Test(arguments: 1...120) func anyTrafficAgreesWithTheOracle(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var definitions = Definitions.everything
    definitions.maxTouches = [1, 2, 3, 7, 1_000][Int(random.below(5))]
    definitions.preferClicks = random.below(2) == 0
    definitions.touchKinds =
      [[.click], [.impression], [.click, .impression]][Int(random.below(3))]
    definitions.lookback = 1_000 + random.below(60_000)
    definitions.impressionLookback = 1_000 + random.below(60_000)
    let engine = Engine(definitions, longestWalk: [0, 1, 3, 10, 256][Int(random.below(5))])
    var oracle = Oracle(definitions: definitions)
    for number in 0..<300 {
      let time = random.below(100_000)
      let user = "u-\(random.below(3) / 2)"
      let event: OracleEvent
      switch random.below(5) {
      case 0: event = conversion("v-\(number)", after: time, of: user)
      case 1, 2: event = touch(number, .impression, after: time / 50 * 50, of: user)
      default: event = touch(number, after: time / 50 * 50, of: user)
      }
      #expect(engine.apply(event).isAccepted)
      oracle.add(event)
      if random.below(40) == 0 { engine.commit() }
    }
    engine.commit()
    let rollups = compare(rollups: engine.sums, with: oracle)
    #expect(rollups.agrees, "seed \(seed): \(rollups)")
    let attributions = compare(attributions: engine.attributions, with: oracle)
    #expect(attributions.agrees, "seed \(seed): \(attributions)")
  }

  /// Work per event, and not per event and touch: with 16 times the events the busy user's share takes about
  /// 16 times as long, where walking would take 256 times.
  @Test func theWorkOfABusyUserGrowsWithItsEventsOnly() {
    func seconds(_ count: Int) -> Double {
      var definitions = Definitions()
      definitions.touchKinds = [.click, .impression]
      definitions.maxTouches = 10
      definitions.lookback = 3_600_000
      definitions.impressionLookback = 3_600_000
      let engine = Engine(definitions)
      let clock = ContinuousClock()
      let duration = clock.measure {
        var random = SeededRandom(seed: 1)
        for number in 0..<count {
          // Every touch is up to ten minutes late; clicks are rare and far apart.
          let time = Int64(number) * 3_600_000 / Int64(count) - random.below(600_000)
          if number % 50 == 0 {
            engine.apply(conversion("v-\(number)", after: time))
          } else {
            engine.apply(touch(number, number % 999 == 1 ? .click : .impression, after: time))
          }
          if number % 1_000 == 999 { engine.commit() }
        }
      }
      return Double(duration.components.attoseconds) / 1e18 + Double(duration.components.seconds)
    }
    let few = seconds(2_000)
    let many = seconds(32_000)
    #expect(many < 80 * few, "\(few) s, \(many) s")
  }
}
