import Attribution
import Codec
import TestKit
import Testing
import Traffic
import Verification

/// Fields that the configuration adds: in views, in the join, and in who counts as one user.
@Suite struct ConfiguredFieldTests {
  static let seeds: [UInt64] = Array(1...200)

  @Test(arguments: seeds)
  func engineEqualsOracleWithFieldsOfAllThreeLists(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var definitions = OracleEqualityTests.definitions(&random)
    definitions.dimensions = ["country", "device"]
    definitions.conversionDimensions = ["goal", "shop"]
    definitions.matchOn = Array(["account_id", "brand"].prefix(1 + Int(random.below(2))))
    definitions.models = Array(definitions.models.shuffled(using: &random).prefix(3))
    definitions.maxTouches = [1, 3, 1_000][Int(random.below(3))]
    let added = definitions.allDimensions
    definitions.views += (0..<4).map { number in
      View(
        name: "mixed_\(number)",
        dimensions: Array(added.shuffled(using: &random).prefix(1 + Int(random.below(4)))),
        periodMilliseconds: [10_000, 300_000, 3_600_000][Int(random.below(3))],
        bucketConversionsBy: number % 2 == 0 ? .conversion : .touch)
    }
    var options = TrafficOptions(seed: seed, eventCount: 400)
    options.definitions = definitions
    options.users = 5 + Int(random.below(40))
    options.campaigns = 1 + Int(random.below(5))
    options.eventsPerSecond = Double(1 + random.below(10)) / 10
    options.duplicates = 0.1
    options.late = 0.1
    options.tooLate = 0.02
    options.malformed = 0.02
    options.conversionRate = 0.4
    options.costRows = true
    options.busyUserShare = random.below(3) == 0 ? 0.3 : 0
    if random.below(3) == 0 { definitions.unmatchedUsers.append("u-0000000000000000") }

    let engine = Engine(
      definitions, partitions: 1 + Int(random.below(3)),
      longestWalk: [3, 256][Int(random.below(2))])
    var oracle = Oracle(definitions: definitions)
    var decoders = EventKind.allCases.map { EventDecoder(kind: $0, definitions: definitions) }
    let commitEvery = 1 + random.below(60)
    for record in TrafficGenerator(options) {
      let kind = Int(record.kind.rawValue)
      record.value.withUnsafeBytes { value in
        var event = Event(kind: record.kind, time: 0, eventID: .empty, userID: .empty)
        decoders[kind].recycle()
        guard decoders[kind].decode(value, recordTimestamp: record.timestamp, into: &event) == nil,
          engine.apply(event) != .tooLate
        else { return }
        oracle.add(OracleEvent(event))
      }
      if random.below(commitEvery) == 0 { engine.commit() }
    }
    engine.commit()
    let rollups = compare(rollups: engine.rollups.mapValues(\.sums), with: oracle)
    #expect(rollups.agrees, "seed \(seed): \(rollups)")
    let attributions = compare(attributions: engine.attributions, with: oracle)
    #expect(attributions.agrees, "seed \(seed): \(attributions)")
    #expect(rollups.compared > 50 && attributions.compared > 10, "seed \(seed)")
  }

  // MARK: By hand

  private static let minute: Milliseconds = 60_000

  private static func definitions(
    _ dimensions: [String], period: Milliseconds = 300_000
  ) -> Definitions {
    var definitions = Definitions()
    definitions.dimensions = ["country"]
    definitions.conversionDimensions = ["goal"]
    definitions.matchOn = ["account_id"]
    definitions.views = [
      View(
        name: "v", dimensions: dimensions.map { Dimension(rawValue: $0) },
        periodMilliseconds: period)
    ]
    return definitions
  }

  private static func click(
    _ id: String, at time: Milliseconds, by user: String = "u", country: String = "DE",
    account: String = "a-1", cost: Micros = 0
  ) -> OracleEvent {
    OracleEvent(
      kind: .click, time: time, amount: cost, eventID: id, userID: user, campaignID: "c-1",
      dimensions: [country], matchOn: [account])
  }

  private static func conversion(
    _ id: String, at time: Milliseconds, by user: String = "u", goal: String = "purchase",
    account: String = "a-1"
  ) -> OracleEvent {
    OracleEvent(
      kind: .conversion, time: time, amount: 10_000_000, eventID: id, userID: user,
      conversionDimensions: [goal], matchOn: [account])
  }

  private func rollups(
    _ events: [OracleEvent], _ definitions: Definitions
  ) -> [[String]: RollupSums] {
    let engine = Engine(definitions)
    var oracle = Oracle(definitions: definitions)
    for event in events {
      engine.apply(event)
      oracle.add(event)
    }
    engine.commit()
    #expect(compare(rollups: engine.sums, with: oracle).agrees)
    #expect(compare(attributions: engine.attributions, with: oracle).agrees)
    return Dictionary(
      uniqueKeysWithValues: engine.sums.map { ($0.key.dimensions, $0.value) })
  }

  @Test func aClickOnOneAccountsAdsDoesNotEarnAnothersOrder() {
    let found = rollups(
      [
        Self.click("k-1", at: 0, account: "a-1"), Self.click("k-2", at: 1, account: "a-2"),
        Self.conversion("v-1", at: Self.minute, account: "a-1"),
        Self.conversion("v-2", at: Self.minute, account: "a-3"),
      ], Self.definitions(["account_id", "campaign_id"]))
    #expect(found[["a-1", "c-1"]]?.credits == [1_000_000])
    #expect(found[["a-2", "c-1"]]?.credits == [0])
    #expect(found[["a-3", "(unattributed)"]]?.credits == [1_000_000])
    #expect(found.count == 3)
  }

  @Test func anUnattributedConversionKeepsItsOwnValues() {
    let found = rollups(
      [Self.conversion("v", at: 0, goal: "sign-up", account: "")],
      Self.definitions(["campaign_id", "channel", "ad_id", "country", "goal", "account_id"]))
    let nobody = Array(repeating: "(unattributed)", count: 4)
    #expect(found.keys.map { $0 } == [nobody + ["sign-up", ""]])
  }

  @Test func touchesAndSpendCountWhereAFieldOfConversionsIsEmpty() {
    let found = rollups(
      [
        Self.click("k", at: 0, cost: 250_000),
        OracleEvent(
          kind: .cost, time: 0, amount: 1_000_000, eventID: "x", campaignID: "c-1",
          dimensions: ["DE"], matchOn: [""]),
        Self.conversion("v-1", at: 1), Self.conversion("v-2", at: 2, goal: "sign-up"),
      ], Self.definitions(["campaign_id", "country", "goal"]))
    #expect(found[["c-1", "DE", ""]]?.clicks == 1)
    #expect(found[["c-1", "DE", ""]]?.users == 1)
    #expect(found[["c-1", "DE", ""]]?.spend == 1_250_000)
    #expect(found[["c-1", "DE", ""]]?.credits == [0])
    #expect(found[["c-1", "DE", "purchase"]]?.credits == [1_000_000])
    #expect(found[["c-1", "DE", "purchase"]]?.clicks == 0)
    #expect(found[["c-1", "DE", "sign-up"]]?.revenues == [10_000_000])
    #expect(found.count == 3)
  }

  @Test func aUserIsAnIDTogetherWithWhatMustMatch() {
    func session(_ id: String, _ user: String, _ account: String) -> OracleEvent {
      var click = Self.click(id, at: 0, by: user, account: account)
      click.sessionID = "s-1"
      return click
    }
    let found = rollups(
      [
        session("k-1", "u-1", "a-1"), session("k-2", "u-1", "a-1"), session("k-3", "u-1", "a-2"),
        // What belongs to the id and what to the account is not the same.
        session("k-4", "u-1a", "-2"),
      ], Self.definitions(["campaign_id"]))
    #expect(found[["c-1"]]?.users == 3)
    #expect(found[["c-1"]]?.sessions == 3)
  }

  @Test func countsOfLoginsByCountryEveryTenSecondsAreAView() {
    var definitions = Definitions()
    definitions.conversionDimensions = ["goal", "country"]
    definitions.views = [
      View(
        name: "logins_10s", dimensions: ["goal", "country"].map { Dimension(rawValue: $0) },
        periodMilliseconds: 10_000)
    ]
    let events = [
      ("DE", 1_000), ("DE", 9_999), ("DE", 10_000), ("FR", 12_000), ("", 12_000),
    ].enumerated().map { index, login in
      OracleEvent(
        kind: .conversion, time: Milliseconds(login.1), eventID: "l-\(index)", userID: "u",
        conversionDimensions: ["login", login.0])
    }
    let engine = Engine(definitions)
    for event in events { engine.apply(event) }
    engine.commit()
    let counts = engine.sums.map { key, sums in
      "\(key.windowStart) \(key.dimensions.joined(separator: "/")) \(sums.credits[0])"
    }
    #expect(
      counts.sorted() == [
        "0 login/DE 2000000", "10000 login/ 1000000", "10000 login/DE 1000000",
        "10000 login/FR 1000000",
      ])
  }

  @Test func aUserThatStandsForNobodyIsSoUnderEveryAccount() {
    var definitions = Self.definitions(["campaign_id", "account_id"])
    definitions.unmatchedUsers = ["nobody"]
    let found = rollups(
      [
        Self.click("k", at: 0, by: "nobody", account: "a-9"),
        Self.conversion("v", at: 1, by: "nobody", account: "a-9"),
      ], definitions)
    #expect(found[["(unattributed)", "a-9"]]?.credits == [1_000_000])
    #expect(found[["c-1", "a-9"]]?.clicks == 1)
  }

  @Test func aCampaignThatIsReallyCalledUnattributedEarnsItsCredit() {
    var click = Self.click("k", at: 0)
    click.campaignID = unattributedName
    let engine = Engine(Self.definitions(["campaign_id", "country"]))
    for event in [click, Self.conversion("v-1", at: 1), Self.conversion("v-2", at: 2, by: "w")] {
      engine.apply(event)
    }
    engine.commit()
    let found = engine.sums.mapValues(\.credits)
    #expect(
      found.map { $0.key.dimensions }.sorted { $0[1] < $1[1] } == [
        [unattributedName, unattributedName], ["\\(unattributed)", "DE"],
      ])
    #expect(found.values.allSatisfy { $0 == [1_000_000] })
    #expect(engine.attributions["v-1"]?.touches.count == 1)
    #expect(engine.attributions["v-1"]?.touches.first?.campaignID == unattributedName)
  }

  @Test func noTwoNamesBecomeOneAndNoneIsTakenForTheUnattributed() {
    let names = [
      "(unattributed)", "\\(unattributed)", "\\\\(unattributed)", "\\", "x(unattributed)", ")",
    ]
    var events: [OracleEvent] = []
    for (index, name) in names.enumerated() {
      var click = Self.click("k-\(index)", at: 0, by: "u-\(index)", country: name, account: name)
      click.campaignID = name
      events += [click, Self.conversion("v-\(index)", at: 1, by: "u-\(index)", account: name)]
    }
    events.append(Self.conversion("nobody", at: 1, by: "w", account: unattributedName))
    let found = rollups(events, Self.definitions(["campaign_id", "country", "account_id"]))
    #expect(
      Set(found.keys) == [
        ["\\(unattributed)", "\\(unattributed)", "(unattributed)"],
        ["\\\\(unattributed)", "\\\\(unattributed)", "\\(unattributed)"],
        ["\\\\\\(unattributed)", "\\\\\\(unattributed)", "\\\\(unattributed)"],
        ["\\", "\\", "\\"], ["x(unattributed)", "x(unattributed)", "x(unattributed)"],
        [")", ")", ")"], ["(unattributed)", "(unattributed)", "(unattributed)"],
      ])
    #expect(found.values.allSatisfy { $0.credits == [1_000_000] })
    #expect(found.values.count { $0.clicks == 0 } == 1)
  }

  /// Three touches, a cost and two conversions of two accounts, in all 720 orders.
  @Test func everyOrderOfArrivalGivesTheSameRollups() {
    let events = [
      Self.click("k-1", at: 0), Self.click("k-2", at: 10, country: "FR"),
      Self.click("k-3", at: 10, account: "a-2"), Self.conversion("v-1", at: 10),
      Self.conversion("v-2", at: 400_000, goal: "sign-up"),
      OracleEvent(
        kind: .cost, time: 5, amount: 7, eventID: "x", campaignID: "c-1", dimensions: ["FR"],
        matchOn: ["a-2"]),
    ]
    var definitions = Self.definitions(["goal", "country", "account_id"])
    definitions.models = [.linear, .firstTouch]
    definitions.views.append(
      View(
        name: "w", dimensions: [.campaignID, Dimension(rawValue: "goal")],
        periodMilliseconds: 10_000, bucketConversionsBy: .touch))
    var oracle = Oracle(definitions: definitions)
    for event in events { oracle.add(event) }
    let expected = oracle.rollups()
    var orders = 0
    ArrivalOrderTests.forEachPermutation(of: events) { order in
      orders += 1
      let engine = Engine(definitions)
      for (index, event) in order.enumerated() {
        engine.apply(event)
        if index % 2 == 1 { engine.commit() }
      }
      engine.commit()
      if engine.sums != expected {
        Issue.record("order \(order.map(\.eventID)) gives other numbers")
      }
    }
    #expect(orders == 720)
  }

  /// Placements of combinations are forgotten with the events that they belong to.
  @Test func tuplesAreForgottenWithTheirEvents() {
    let definitions = Self.definitions(["goal", "country"])
    let task = AttributionTask(
      definitions: definitions, kinds: [.click, .conversion], secret: .test)
    var most = 0
    for day in 0..<40 {
      let start = Milliseconds(day) * 86_400_000
      for number in 0..<20 {
        let names = "\(day)-\(number)"
        _ = Self.click("k-\(names)", at: start, country: names).lend { task.apply($0) }
        _ = Self.conversion("v-\(names)", at: start + 1, goal: names).lend { task.apply($0) }
      }
      task.forEachDelta { _ in }
      task.endCommit()
      most = max(most, task.size.tupleCount)
    }
    // Of three days, each with touches, conversions and what they earn of each other.
    #expect(most < 4 * 20 * 22 && task.size.tupleCount < 4 * 20 * 22)
  }
}
