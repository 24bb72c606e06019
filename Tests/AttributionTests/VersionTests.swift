import Attribution
import Testing
import Traffic
import Verification

/// Of all events with one id the highest version counts; one that is deleted counts for nothing.
@Suite struct VersionTests {
  private let start: Milliseconds = 1_767_600_000_000

  private func click(
    _ id: String, after milliseconds: Milliseconds, of user: String = "u", _ campaign: String = "c",
    cost: Micros = 0, session: String = "", version: Int32 = 0, isDeleted: Bool = false,
    originally: Milliseconds? = nil
  ) -> OracleEvent {
    OracleEvent(
      kind: .click, time: start + milliseconds, amount: cost, eventID: id, userID: user,
      campaignID: campaign, channel: "x", sessionID: session, version: version,
      isDeleted: isDeleted, originalTime: originally.map { start + $0 })
  }

  private func order(
    _ id: String, after milliseconds: Milliseconds, of user: String = "u",
    value: Micros = 10_000_000, version: Int32 = 0, isDeleted: Bool = false
  ) -> OracleEvent {
    OracleEvent(
      kind: .conversion, time: start + milliseconds, amount: value, eventID: id, userID: user,
      version: version, isDeleted: isDeleted)
  }

  private func cost(
    _ id: String, after milliseconds: Milliseconds, _ campaign: String = "c", amount: Micros,
    version: Int32 = 0, isDeleted: Bool = false
  ) -> OracleEvent {
    OracleEvent(
      kind: .cost, time: start + milliseconds, amount: amount, eventID: id, campaignID: campaign,
      version: version, isDeleted: isDeleted)
  }

  private func expectOracle(
    _ engine: Engine, _ events: [OracleEvent], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var oracle = Oracle(definitions: engine.definitions)
    for event in events { oracle.add(event) }
    let rollups = compare(rollups: engine.rollups.mapValues(\.sums), with: oracle)
    #expect(rollups.agrees, "\(rollups)", sourceLocation: sourceLocation)
    let attributions = compare(attributions: engine.attributions, with: oracle)
    #expect(attributions.agrees, "\(attributions)", sourceLocation: sourceLocation)
  }

  // MARK: One id

  @Test func aRefundTakesItsValueBackAndIsPublishedAgain() {
    let engine = Engine(.everything)
    let events = [
      click("k", after: 0), order("v", after: 60_000),
      order("v", after: 60_000, value: 4_000_000, version: 1),
    ]
    #expect(engine.apply(events[0]) == .accepted)
    #expect(engine.apply(events[1]) == .accepted)
    engine.commit()
    #expect(engine.apply(events[2]) == .replaced)
    engine.commit()
    #expect(engine.revisions["v"] == 2)
    #expect(engine.attributions["v"]?.value == 4_000_000)
    expectOracle(engine, events)
    // The same again, and a lower one, change nothing.
    #expect(engine.apply(events[2]) == .duplicate)
    #expect(engine.apply(events[1]) == .duplicate)
    engine.commit()
    #expect(engine.revisions["v"] == 2)
    expectOracle(engine, events)
  }

  @Test(arguments: [false, true])
  func aDeletedConversionIsWorthNothing(isPublishedBefore: Bool) throws {
    let engine = Engine(.everything)
    var events = [click("k", after: 0)]
    if isPublishedBefore { events.append(order("v", after: 60_000)) }
    for event in events { engine.apply(event) }
    engine.commit()
    let deletion = order("v", after: 60_000, version: 1, isDeleted: true)
    #expect(engine.apply(deletion) == (isPublishedBefore ? .replaced : .accepted))
    events.append(deletion)
    engine.commit()
    let found = try #require(engine.attributions["v"])
    #expect(found.isDeleted && found.value == 0 && found.touches.isEmpty)
    #expect(engine.revisions["v"] == (isPublishedBefore ? 2 : 1))
    expectOracle(engine, events)
    // A late touch earns nothing of it, and its id stays taken.
    events += [click("late", after: 30_000), order("v", after: 60_000)]
    #expect(engine.apply(events[events.count - 2]).isAccepted)
    #expect(engine.apply(events[events.count - 1]) == .duplicate)
    engine.commit()
    #expect(engine.revisions["v"] == (isPublishedBefore ? 2 : 1))
    expectOracle(engine, events)
    // Until a higher version says that it happened after all.
    events.append(order("v", after: 60_000, value: 1, version: 2))
    #expect(engine.apply(events[events.count - 1]) == .replaced)
    engine.commit()
    #expect(engine.attributions["v"]?.touches.count == 2)
    expectOracle(engine, events)
  }

  @Test func aFraudulentClickLosesItsCreditItsCostAndItsUser() {
    let engine = Engine(.everything)
    let events = [
      click("a", after: 0, "c-1", cost: 500_000, session: "s"),
      click("b", after: 1_000, "c-2", cost: 5_000_000_000_000, session: "s"),
      order("v", after: 60_000), click("b", after: 1_000, "c-2", version: 3, isDeleted: true),
    ]
    for event in events.dropLast() { engine.apply(event) }
    engine.commit()
    #expect(engine.apply(events[3]) == .replaced)
    engine.commit()
    #expect(engine.attributions["v"]?.touches.map(\.eventID) == ["a"])
    expectOracle(engine, events)
    // What counted there is gone; that something counted is not.
    let gone = engine.rollups.filter {
      $0.key.view == "campaign_5m" && $0.key.dimensions == ["c-2"]
    }
    #expect(gone.count == 1 && gone.values.allSatisfy { $0.sums.isZero })
  }

  @Test func aRestatedCostReplacesTheOneBefore() {
    let engine = Engine(.everything)
    let events = [
      cost("f", after: 0, amount: 9_000_000), cost("g", after: 0, "other", amount: 0),
      cost("f", after: 3_600_000, amount: 7_000_000, version: 1),
      cost("f", after: 0, amount: 8_000_000, version: 2),
      cost("h", after: 0, amount: 5, isDeleted: true),
      cost("f", after: 0, amount: 1, version: 1),
    ]
    let findings: [Oracle.Finding] = [.new, .new, .replacement, .replacement, .new, .duplicate]
    for (event, finding) in zip(events, findings) {
      #expect(engine.apply(event).finding == finding)
      engine.commit()
    }
    expectOracle(engine, events)
    // A cost of nothing has counted.
    #expect(engine.rollups.keys.contains { $0.dimensions == ["other"] })
  }

  @Test func aTouchThatCameAndWentWithinACommitHasCounted() {
    let engine = Engine(.everything)
    engine.apply(click("k", after: 0))
    engine.apply(click("k", after: 0, version: 1, isDeleted: true))
    engine.commit()
    #expect(engine.rollups.count == 4)
    #expect(engine.sums.isEmpty)
  }

  @Test func anIDBelongsToTheUserOfItsFirstEvent() {
    let engine = Engine(.everything)
    let events = [
      click("k", after: 0, of: "u"), click("k", after: 0, of: "w", version: 1, isDeleted: true),
      cost("f", after: 0, "c-1", amount: 5), cost("f", after: 0, "c-2", amount: 7, version: 1),
      order("v", after: 10, of: "u", version: 1), order("v", after: 10, of: "w", version: 2),
      click("d", after: 0, of: "u", isDeleted: true), click("d", after: 0, of: "w", version: 1),
    ]
    for (index, event) in events.enumerated() {
      #expect(engine.apply(event) == (index % 2 == 0 ? .accepted : .duplicate))
    }
    engine.commit()
    expectOracle(engine, events)
  }

  // MARK: Lateness

  @Test func aVersionIsAsLateAsTheEarliestOfItsTimes() {
    var definitions = Definitions.everything
    definitions.correctionHorizon = 3_600_000
    definitions.watermarkDelay = 0
    let engine = Engine(definitions)
    let events = [order("v", after: 0), click("k", after: 0), cost("f", after: 0, amount: 3)]
    for event in events { engine.apply(event) }
    engine.commit()
    // Just within the horizon of what comes next, and just beyond it.
    for kind in EventKind.allCases {
      engine.apply(
        OracleEvent(
          kind: kind, time: start + 3_600_000, eventID: "mark", userID: "w", campaignID: "m"))
    }
    #expect(engine.apply(order("v", after: 0, value: 1, version: 1)) == .replacedLate)
    for kind in EventKind.allCases {
      engine.apply(
        OracleEvent(
          kind: kind, time: start + 3_600_001, eventID: "mark 2", userID: "w", campaignID: "m"))
    }
    engine.commit()
    let sums = engine.sums
    let revision = engine.revisions["v"]
    // Its own time, the one it had, and the one of what it would replace.
    #expect(engine.apply(order("v", after: 0, version: 2)) == .tooLate)
    #expect(engine.apply(click("x", after: 3_600_000, originally: 0)) == .tooLate)
    #expect(engine.apply(click("k", after: 3_600_000, version: 1)) == .tooLate)
    #expect(engine.apply(order("v", after: 3_600_000, version: 9)) == .tooLate)
    #expect(engine.apply(cost("f", after: 3_600_000, amount: 9, version: 1)) == .tooLate)
    engine.commit()
    #expect(engine.sums == sums && engine.revisions["v"] == revision)
  }

  /// An id is known as long as the latest of its times is, wherever the version that counts has gone.
  @Test func anIDIsRememberedForTheLatestOfItsTimes() {
    var definitions = Definitions.everything
    definitions.correctionHorizon = 3_600_000
    definitions.watermarkDelay = 0
    let engine = Engine(definitions)
    #expect(engine.apply(click("a", after: 7_000_000)) == .accepted)
    #expect(engine.apply(click("a", after: 4_000_000, version: 1)).isReplaced)
    #expect(
      engine.apply(click("b", after: 4_000_000, version: 1, originally: 7_000_000)).hasCounted)
    engine.apply(order("v", after: 9_000_000))
    for kind in [EventKind.click, .impression] {
      engine.apply(
        OracleEvent(
          kind: kind, time: start + 9_000_000, eventID: "mark", userID: "w", campaignID: "m"))
    }
    engine.commit()
    #expect(engine.apply(click("a", after: 7_000_000)) == .duplicate)
    #expect(engine.apply(click("b", after: 7_000_000)) == .duplicate)
    #expect(engine.apply(click("a", after: 7_000_000, version: 2)) == .tooLate)
  }

  @Test func idsAtVersionZeroTakeNoMoreMemory() {
    let plain = Engine(.everything)
    let mixed = Engine(.everything)
    for number in 0..<10_000 {
      plain.apply(click("k-\(number)", after: 10 * Int64(number)))
      mixed.apply(click("k-\(number)", after: 10 * Int64(number)))
    }
    mixed.apply(click("k-7", after: 70, version: 1))
    #expect(plain.memory["versions"] == 0)
    #expect(plain.memory["identities"]! <= 32 * 10_000)
    #expect(mixed.memory["identities"] == plain.memory["identities"])
    #expect(mixed.memory["versions"]! > 0)
    // Forgotten with what it is about.
    for kind in [EventKind.click, .conversion, .impression] {
      mixed.apply(
        OracleEvent(
          kind: kind, time: start + 40 * 86_400_000, eventID: "mark", userID: "w",
          campaignID: "m"))
    }
    mixed.commit()
    #expect(mixed.memory["versions"]! == 0)
  }

  // MARK: Every order, any traffic

  @Test(arguments: [1, 256]) func everyOrderOfSevenEventsGivesTheSameNumbers(longestWalk: Int) {
    let events = [
      click("k-1", after: 0, "c-1", cost: 5, session: "s"),
      click("k-1", after: 90_000, "c-2", cost: 7, session: "s", version: 2, originally: 0),
      click("k-1", after: 0, "c-1", version: 1, isDeleted: true),
      click("k-2", after: 400_000, "c-1", session: "s"),
      click("k-2", after: 400_000, version: 1, isDeleted: true),
      order("v", after: 600_000), order("v", after: 500_000, value: 59_900_000, version: 1),
    ]
    var expected: ([RollupKey: RollupSums], [ByteString: OracleAttribution])?
    var orders = 0
    ArrivalOrderTests.forEachPermutation(of: events) { order in
      orders += 1
      let engine = Engine(.everything, longestWalk: longestWalk)
      for (index, event) in order.enumerated() {
        if index == 3, orders % 2 == 0 {
          // The watermark passes everything, so that the rest is late.
          for kind in [EventKind.impression, .click, .conversion] {
            engine.apply(
              OracleEvent(
                kind: kind, time: start + 7_200_000, eventID: "mark", userID: "w", campaignID: "m",
                channel: "m"))
          }
        }
        engine.apply(event)
        if index % 2 == orders % 3 { engine.commit() }
        #expect(engine.apply(order[index / 2]) == .duplicate)
      }
      engine.commit()
      let sums = engine.sums.filter { $0.key.windowStart < start + 3_600_000 }
        .filter { !$0.key.dimensions.contains("m") }
      let attributions = engine.attributions.filter { $0.key != "mark" }
      guard let (wantedSums, wantedAttributions) = expected else {
        expected = (sums, attributions)
        if orders == 1 { expectOracle(engine, events) }
        return
      }
      if sums != wantedSums || attributions != wantedAttributions {
        Issue.record("order \(order.map { "\($0.eventID) \($0.version)" }) gives other numbers")
      }
    }
    #expect(orders == 5_040)
  }

  /// Touches, conversions and costs that are restated, moved and taken back, in any order of arrival, of users
  /// with few records and with more than are walked through.
  @Test(arguments: UInt64(1)...200) func anyVersionsAgreeWithTheOracle(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var definitions = OracleEqualityTests.definitions(&random)
    definitions.maxTouches = [1, 2, 3, 7, 1_000][Int(random.below(5))]
    definitions.lookback = 1_000 + random.below(60_000)
    definitions.impressionLookback = 1_000 + random.below(60_000)
    definitions.correctionHorizon = 86_400_000
    let engine = Engine(definitions, longestWalk: [0, 1, 3, 10, 256][Int(random.below(5))])
    var oracle = Oracle(definitions: definitions)
    var events: [OracleEvent] = []
    for number in 0..<120 {
      let first = randomEvent(number, &random)
      events.append(first)
      while random.below(2) == 0 { events.append(randomVersion(of: first, &random)) }
    }
    events.shuffle(using: &random)
    for event in events {
      #expect(engine.apply(event).finding == oracle.add(event), "seed \(seed)")
      if random.below(30) == 0 { engine.commit() }
    }
    engine.commit()
    expectEqual(engine, oracle, seed)
    #expect(oracle.replacements(.click) > 3, "seed \(seed)")
  }

  /// As the other, while time goes on: some come late, some too late, and state is forgotten.
  @Test(arguments: UInt64(1)...200) func lateVersionsAgreeWithTheOracle(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var definitions = OracleEqualityTests.definitions(&random)
    definitions.correctionHorizon = [300_000, 1_800_000][Int(random.below(2))]
    definitions.watermarkDelay = 30_000
    definitions.lookback = 1_000 + random.below(600_000)
    definitions.impressionLookback = 1_000 + random.below(600_000)
    let engine = Engine(definitions, longestWalk: [0, 2, 256][Int(random.below(3))])
    var oracle = Oracle(definitions: definitions)
    var arrivals: [(Milliseconds, OracleEvent)] = []
    let reach = definitions.correctionHorizon
    for number in 0..<400 {
      var first = randomEvent(number, &random)
      first.time = start + Int64(number) * 20_000
      func arrival() -> Milliseconds {
        first.time + (random.below(3) == 0 ? random.below(2 * reach) : random.below(20_000))
      }
      arrivals.append((arrival(), first))
      while random.below(2) == 0 {
        arrivals.append((arrival(), randomVersion(of: first, &random)))
      }
    }
    arrivals.sort { $0.0 < $1.0 }
    var tooLate = 0
    for (_, event) in arrivals {
      if let finding = engine.apply(event).finding {
        #expect(finding == oracle.add(event), "seed \(seed): \(event)")
      } else {
        tooLate += 1
      }
      if random.below(30) == 0 { engine.commit() }
    }
    engine.commit()
    expectEqual(engine, oracle, seed)
    #expect(tooLate > 10 && oracle.replacements(.click) > 3, "seed \(seed)")
  }

  private func expectEqual(_ engine: Engine, _ oracle: Oracle, _ seed: UInt64) {
    let rollups = compare(rollups: engine.rollups.mapValues(\.sums), with: oracle)
    #expect(rollups.agrees, "seed \(seed): \(rollups)")
    let attributions = compare(attributions: engine.attributions, with: oracle)
    #expect(attributions.agrees, "seed \(seed): \(attributions)")
  }

  private func randomEvent(_ number: Int, _ random: inout SeededRandom) -> OracleEvent {
    let kind: EventKind =
      [.click, .click, .impression, .impression, .conversion, .cost][Int(random.below(6))]
    return OracleEvent(
      kind: kind, time: start + random.below(100_000) / 50 * 50,
      amount: random.below(3) * random.below(9_000_000_000), eventID: "e-\(number)",
      userID: kind == .cost ? "" : "u-\(random.below(4) / 2)",
      campaignID: kind == .conversion ? "" : "c-\(random.below(3))",
      channel: kind.isTouch ? "x" : "",
      sessionID: kind.isTouch && random.below(3) > 0 ? "s-\(random.below(3))" : "")
  }

  /// Another version: restated, moved, taken back, or the same once more.
  private func randomVersion(
    of event: OracleEvent, _ random: inout SeededRandom
  ) -> OracleEvent {
    var version = event
    version.version = Int32(random.below(4))
    version.isDeleted = random.below(3) == 0
    if random.below(2) == 0 { version.amount = random.below(9_000_000) }
    if random.below(2) == 0, event.kind.isTouch { version.campaignID = "c-\(random.below(3))" }
    if random.below(2) == 0, event.kind.isTouch { version.sessionID = "s-\(random.below(3))" }
    if random.below(3) == 0 {
      version.time += (random.below(200_000) - 100_000) / 50 * 50
      version.originalTime = event.time
    }
    return version
  }
}
