import Attribution
import Testing
import Traffic
import Verification

/// Each kind of touch is kept as long as it can matter, and no longer (contract, section 3).
@Suite struct RetentionTests {
  private let start: Milliseconds = 1_767_600_000_000
  private static let hour: Milliseconds = 3_600_000
  private static let day: Milliseconds = 24 * hour

  /// Thirty days for one kind; the other earns nothing.
  private func definitions(crediting kind: EventKind) -> Definitions {
    var definitions = Definitions()
    definitions.touchKinds = [kind]
    definitions.lookback = 30 * Self.day
    definitions.impressionLookback = 30 * Self.day
    return definitions
  }

  private func touch(
    _ kind: EventKind, _ id: String, at time: Milliseconds, of user: String, session: String = ""
  ) -> OracleEvent {
    OracleEvent(
      kind: kind, time: start + time, eventID: id, userID: user, campaignID: "c-\(kind)",
      channel: "x", sessionID: session)
  }

  private func conversion(_ id: String, at time: Milliseconds, of user: String) -> OracleEvent {
    OracleEvent(
      kind: .conversion, time: start + time, amount: 5_000_000, eventID: id, userID: user)
  }

  /// Days of an hourly click, ten impressions and a conversion each, of which all touches have users of their own.
  private func passDays(_ days: Int64, _ engine: Engine) {
    for hour in 0..<days * 24 {
      let time = hour * Self.hour
      for number in 0..<10 {
        engine.apply(
          touch(.impression, "i-\(hour)-\(number)", at: time, of: "i-\(hour)-\(number)"))
      }
      engine.apply(touch(.click, "k-\(hour)", at: time, of: "u-\(hour)"))
      engine.apply(conversion("v-\(hour)", at: time, of: "nobody"))
      engine.commit()
    }
  }

  @Test func impressionsThatEarnNothingAreForgottenLongBeforeClicks() {
    let engine = Engine(definitions(crediting: .click))
    passDays(60, engine)
    let size = engine.tasks[0].size
    // 31 days of clicks and conversions, 25 hours of impressions, and what a bucket adds.
    let clicks = 31 * 24 * 2
    #expect((clicks...clicks + 10).contains(size.recordCount - 10 * 25), "\(size.recordCount)")
    // A click of 29 days ago still earns.
    let now = (60 * 24 - 1) * Self.hour
    engine.apply(conversion("v", at: now, of: "u-\(60 * 24 - 1 - 29 * 24)"))
    engine.commit()
    #expect(engine.attributions["v"]?.touches.map(\.kind) == [.click])
    #expect(engine.attributions["v-0"]?.touches.isEmpty == true)
  }

  @Test func clicksThatEarnNothingAreForgottenLongBeforeImpressions() {
    let engine = Engine(definitions(crediting: .impression))
    passDays(60, engine)
    let count = engine.tasks[0].size.recordCount
    let impressions = 31 * 24 * 10
    #expect((impressions - 10...impressions + 30).contains(count - 2 * 25), "\(count)")
    let now = (60 * 24 - 1) * Self.hour
    engine.apply(conversion("v", at: now, of: "i-\(60 * 24 - 1 - 29 * 24)-3"))
    engine.commit()
    #expect(engine.attributions["v"]?.touches.map(\.kind) == [.impression])
  }

  /// A user with both kinds in one window is one user, whichever comes first, goes, or is one too many to walk.
  @Test(arguments: [0, 1, 256], [EventKind.click, .impression])
  func usersAreCountedOnceOverBothKinds(longestWalk: Int, first: EventKind) {
    let engine = Engine(definitions(crediting: .click), longestWalk: longestWalk)
    let second: EventKind = first == .click ? .impression : .click
    func counts() -> (users: Int64, sessions: Int64) {
      engine.commit()
      let sums = engine.sums.filter { $0.key.view == "channel_5m" }.map(\.value)
      return (sums.reduce(0) { $0 + $1.users }, sums.reduce(0) { $0 + $1.sessions })
    }
    engine.apply(touch(first, "a", at: 60_000, of: "u", session: "s"))
    #expect(counts() == (1, 1))
    engine.apply(touch(second, "b", at: 30_000, of: "u", session: "s"))
    engine.apply(touch(second, "c", at: 90_000, of: "u", session: "t"))
    #expect(counts() == (1, 2))
    engine.apply(touch(first, "d", at: 2_000, of: "u", session: "t"))
    #expect(counts() == (1, 2))
    for (kind, id, time, expected) in [
      (second, "b", 30_000, (1, 2)), (first, "a", 60_000, (1, 1)), (first, "d", 2_000, (1, 1)),
      (second, "c", 90_000, (0, 0)),
    ] as [(EventKind, String, Milliseconds, (Int64, Int64))] {
      var deletion = touch(kind, id, at: time, of: "u")
      deletion.version = 1
      deletion.isDeleted = true
      #expect(engine.apply(deletion) == .replaced)
      #expect(counts() == expected, "without \(id)")
    }
  }

  /// Every way in which kinds can differ, users that are walked and users that are indexed, versions and lateness.
  @Test(arguments: 1...150) func anyTrafficAgreesWithTheOracle(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var definitions = Definitions.everything
    definitions.views.removeAll { $0.periodMilliseconds > 10_000 }
    definitions.views.append(
      View(name: "campaign_5s", dimensions: [.campaignID], periodMilliseconds: 5_000))
    definitions.correctionHorizon = 2_000 + random.below(8_000)
    definitions.watermarkDelay = 1_000 + random.below(4_000)
    definitions.maxTouches = [1, 2, 3, 7, 1_000][Int(random.below(5))]
    definitions.preferClicks = random.below(2) == 0
    definitions.touchKinds =
      [[.click], [.impression], [.click, .impression]][Int(random.below(3))]
    let lookbacks = [1_000 + random.below(5_000), 60_000 + random.below(60_000)]
    let isImpressionLonger = random.below(2) == 0
    definitions.lookback = lookbacks[isImpressionLonger ? 0 : 1]
    definitions.impressionLookback = lookbacks[isImpressionLonger ? 1 : 0]
    let engine = Engine(definitions, longestWalk: [0, 1, 3, 10, 256][Int(random.below(5))])
    var oracle = Oracle(definitions: definitions)
    var sent: [OracleEvent] = []
    for number in 0..<600 {
      let disorder = random.below(3) == 0 ? definitions.correctionHorizon : 100
      let time = start + Int64(number) * 500 - random.below(disorder) / 50 * 50
      var event = OracleEvent(
        kind: [.impression, .impression, .click, .conversion][Int(random.below(4))], time: time,
        amount: 10_000_000 + Int64(number), eventID: "e-\(number)",
        userID: "u-\(random.below(4) / 2)")
      if event.kind.isTouch {
        event.campaignID = "c-\(number % 3)"
        event.channel = "x"
        event.sessionID = "s-\(number / 7)"
      }
      if !sent.isEmpty, random.below(6) == 0 {
        event = sent[max(0, sent.count - 1 - Int(random.below(20)))]
        event.version += 1
        event.isDeleted = random.below(3) == 0
      }
      sent.append(event)
      let outcome = engine.apply(event)
      if outcome != .tooLate { #expect(oracle.add(event) == outcome.finding, "seed \(seed)") }
      if random.below(20) == 0 { engine.commit() }
    }
    engine.commit()
    let rollups = compare(rollups: engine.sums, with: oracle)
    #expect(rollups.agrees && rollups.compared > 10, "seed \(seed): \(rollups)")
    let attributions = compare(attributions: engine.attributions, with: oracle)
    #expect(attributions.agrees && attributions.compared > 10, "seed \(seed): \(attributions)")
  }
}
