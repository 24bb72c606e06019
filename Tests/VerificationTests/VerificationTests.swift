import Attribution
import Inputs
import Testing
import Verification

/// What is published rightly passes, and each kind of fault that is planted is found.
@Suite struct Verifications {
  @Test func whatIsPublishedRightlyHasNoDifference() {
    let report = PublishedWorld().verified()
    #expect(report.differences.agrees, "\(report.differences)")
    #expect(report.inputs[0].topic == "clicks")
    var clicks = RecordTally()
    clicks.records = 5
    clicks.accepted = 2
    clicks.duplicates = 1
    clicks.deadLetters = 1
    clicks.tooLate = 1
    #expect(report.inputs[0].tally == clicks)
    #expect(report.inputs[1].tally.accepted == 2)
    #expect(report.rollups == 3 && report.finalRollups == 3 && report.attributions == 2)
    #expect(report.conversionValue == 62_900_000)
    #expect(report.creditsAreExact && report.revenueIsExact)
    #expect(report.notes == [])
  }

  // MARK: Rollups

  @Test func aWrongCountIsFound() {
    expectDifferences([
      #"campaign ["c 1"] 2026-01-05T08:00:00Z: clicks should be 1, is 2"#
    ]) { $0.rollups[3].replace(#""clicks":1"#, with: #""clicks":2"#) }
  }

  @Test func aMissingRollupIsFound() {
    let report = expectDifference(#"campaign ["c-2"] 2026-01-05T08:00:00Z: clicks should be 1"#) {
      $0.rollups.removeAll { $0.key!.hasPrefix("campaign|c-2|") }
    }
    #expect(!report.revenueIsExact)
  }

  @Test func aStaleRevisionIsFound() {
    expectDifferences([
      "rollups[0] offset 3: revision should be more than 1, is 1"
    ]) { $0.rollups[3].replace(#""revision":2"#, with: #""revision":1"#) }
  }

  @Test func aRollupThatIsNotFinalBeforeItsPartitionsMarkIsFound() {
    expectDifferences([
      "campaign|c-2|2026-01-05T08:00:00Z: final should be true, since final_through of its "
        + "partition has passed its end, is false"
    ]) { $0.rollups[4].replace(#""final":true"#, with: #""final":false"#) }
    // Beyond the mark it may be open.
    expectDifferences([]) {
      $0.rollups[4].replace(#""final":true"#, with: #""final":false"#)
      $0.rollups[6].replace("13:00:00", with: "08:04:59")
    }
  }

  @Test func aRollupThatIsNoLongerFinalIsFound() {
    expectDifference("rollups[0] offset 7: final should be still true, is false") {
      var again = $0.rollups[3]
      again.offset = 7
      again.replace(#""revision":2"#, with: #""revision":3"#)
      again.replace(#""final":true"#, with: #""final":false"#)
      $0.rollups.append(again)
    }
  }

  @Test func progressThatGoesBackIsFound() {
    expectDifferences([
      "rollups[0] offset 7: final_through should be no earlier than before, is "
        + "2026-01-05T12:00:00.000Z"
    ]) {
      var again = $0.rollups[6]
      again.offset = 7
      again.replace("13:00", with: "12:00")
      $0.rollups.append(again)
    }
  }

  @Test func progressOfAnotherPartitionIsFound() {
    expectDifference("key of the progress record should be its partition's, is another") {
      $0.rollups[6].key = "@progress|1"
    }
  }

  @Test func aKeyThatDoesNotSpellItsValueIsFound() {
    expectDifferences([
      "rollups[0] offset 3: key should be campaign|c%201|2026-01-05T08:00:00Z, is another"
    ]) { $0.rollups[3].key = "campaign|c 1|2026-01-05T08:00:00Z" }
  }

  @Test func aWindowOfAnotherLengthIsFound() {
    expectDifferences([
      "rollups[0] offset 3: length of the window (ms) should be 300000, is 600000"
    ]) { $0.rollups[3].replace("08:05:00Z", with: "08:10:00Z") }
  }

  @Test func aKeyInTwoPartitionsIsFound() {
    expectDifferences(["rollups[1] offset 3: partition of the key should be 0, is 1"]) {
      $0.rollups[3].partition = 1
    }
  }

  @Test func anotherCurrencyIsFound() {
    expectDifference("rollups[0] offset 3: record should be readable") {
      $0.rollups[3].replace("EUR", with: "USD")
    }
  }

  @Test func rollupsOfViewsThatAreNotConfiguredAreOnlyNoted() {
    var world = PublishedWorld()
    var other = world.rollups[0]
    other.key = "other|c%201|2026-01-05T08:00:00Z"
    other.replace(#""campaign""#, with: #""other""#)
    world.rollups.append(other)
    let report = world.verified()
    #expect(report.differences.agrees)
    #expect(report.notes.count == 1)
  }

  // MARK: Attributions

  @Test func aCreditOffByOneIsFound() {
    let report = expectDifference(
      #"conversion "v-1": sum of credits by linear (millionths) should be 1000000, is 1000001"#
    ) { $0.attributions[0].replace(#"["0.500000","#, with: #"["0.500001","#) }
    #expect(!report.creditsAreExact)
    #expect(report.differences.total == 2)
  }

  @Test func revenueOnTheWrongTouchIsFound() {
    expectDifferences([
      #"conversion "v-1": revenue by linear (micros) should be [29950000, 29950000], is "#
        + "[29950001, 29949999]"
    ]) {
      $0.attributions[0].replace(
        #"["29.950000","29.950000"]"#, with: #"["29.950001","29.949999"]"#)
    }
  }

  @Test func aMissingAttributionIsFound() {
    expectDifferences([#"conversion "v-2": the record should be present, is absent"#]) {
      $0.attributions.removeLast()
    }
  }

  @Test func anAttributionUnderAnotherKeyIsFound() {
    expectDifferences(["attributions[0] offset 1: key should be its conversion's id, is another"]) {
      $0.attributions[1].key = "secret"
    }
  }

  @Test func anAttributionRevisionThatDoesNotGoUpIsFound() {
    expectDifferences(["attributions[0] offset 2: revision should be more than 1, is 1"]) {
      var again = $0.attributions[0]
      again.offset = 2
      $0.attributions.append(again)
    }
  }

  // MARK: Dead letters and late events

  @Test func aMissingDeadLetterIsFound() {
    expectDifferences([
      "clicks[0] offset 3: record in dead-letters should be malformed_json, is absent",
      "clicks: filtered + accepted + replaced + duplicate + dead letter + too late should be 5, is 4",
    ]) { $0.deadLetters.removeAll() }
  }

  @Test func aDeadLetterForAnotherReasonIsFound() {
    expectDifferences([
      "clicks[0] offset 3: record in dead-letters should be malformed_json, is missing_field"
    ]) { $0.deadLetters = [$0.clicks[3].setAside("missing_field", from: "clicks")] }
  }

  @Test func aDeadLetterForAGoodRecordIsFound() {
    expectDifference("clicks[0] offset 1: record in dead-letters should be absent") {
      $0.deadLetters.append($0.clicks[1].setAside("invalid_field", from: "clicks"))
    }
  }

  @Test func aDeadLetterFromNowhereIsFound() {
    expectDifference(
      "clicks[0] offset 9: source of a record in dead-letters should be an input record"
    ) {
      var stranger = $0.clicks[3]
      stranger.offset = 9
      $0.deadLetters.append(stranger.setAside("malformed_json", from: "clicks"))
    }
    expectDifference("dead-letters[0] offset 0: headers should be") {
      $0.deadLetters.append($0.clicks[3])
      $0.deadLetters[1].offset = 0
    }
  }

  @Test func aDeadLetterWithOtherBytesIsFound() {
    let line = "clicks[0] offset 3: key and value in dead-letters should be untouched, is changed"
    expectDifferences([line]) { $0.deadLetters[0].value = "{ " }
    expectDifferences([line]) { $0.deadLetters[0].key = nil }
    expectDifferences([line]) { $0.deadLetters[0].value = nil }
  }

  @Test func headersThatCameWithTheRecordDoNotConfuse() {
    expectDifferences([]) {
      $0.deadLetters[0].headers.insert((name: "reason", value: Array("none".utf8)), at: 0)
    }
  }

  @Test func aDoubledLateEventIsFound() {
    expectDifferences([
      "clicks[0] offset 4: records in late-events should be one, is more than one",
      "clicks: filtered + accepted + replaced + duplicate + dead letter + too late should be 5, is 6",
    ]) { $0.lateEvents.append($0.lateEvents[0]) }
  }

  @Test func aLateEventWithOtherBytesIsFound() {
    expectDifferences([
      "clicks[0] offset 4: key and value in late-events should be untouched, is changed"
    ]) { $0.lateEvents[0].value! += " " }
  }

  @Test func aLateEventThatWasNotTooLateIsFound() {
    // Exactly on the horizon behind the last conversion: still to be applied. Older than all that the
    // clicks have accepted, it is measured by the other inputs of its task.
    let horizon: Milliseconds = 600_000 + 86_400_000
    expectDifferences([
      "clicks[0] offset 4: distance behind the largest event time before it should be more than "
        + "\(horizon) ms, is \(horizon) ms"
    ]) {
      $0.clicks[4].replace(
        "\(PublishedWorld.morning - 2 * 86_400_000)",
        with: "\(PublishedWorld.morning + 14_400_000 - horizon)")
      $0.lateEvents = [$0.clicks[4].setAside("too_late", from: "clicks")]
    }
    // One millisecond further it was too late.
    expectDifferences([]) {
      $0.clicks[4].replace(
        "\(PublishedWorld.morning - 2 * 86_400_000)",
        with: "\(PublishedWorld.morning + 14_400_000 - horizon - 1)")
      $0.lateEvents = [$0.clicks[4].setAside("too_late", from: "clicks")]
    }
  }

  @Test func whatCameBeforeOnAnotherPartitionMakesNoEventLate() {
    expectDifference("distance behind the largest event time before it should be more than") {
      $0.clicks[4].partition = 1
      $0.lateEvents = [$0.clicks[4].setAside("too_late", from: "clicks")]
    }
  }

  @Test func aLateEventThatWasCountedAllTheSameIsFound() {
    expectDifference("2026-01-03T08:00:00Z: clicks should be 0, is 1") {
      var counted = $0.rollups[4]
      counted.offset = 7
      counted.key = "campaign|c-2|2026-01-03T08:00:00Z"
      counted.replace("2026-01-05T08", with: "2026-01-03T08")
      $0.rollups.append(counted)
    }
  }

  // MARK: Inputs

  @Test func anEventIdInTwoPartitionsIsFound() {
    expectDifferences([
      "clicks[1] offset 2: event id should be in one partition only, is in "
        + "another partition too"
    ]) {
      let copy = $0.clicks.remove(at: 2)
      $0.clicks.append(copy)
      $0.clicks[4].partition = 1
    }
  }

  @Test func recordsThatWereNotProcessedAreReportedWithTheirPartition() {
    var verification = VerificationPass(
      definitions: Definitions(), inputs: [.init(InputPlan(topic: "clicks", kind: .click))],
      outputs: .init(rollups: "r", attributions: "a", deadLetters: "d", lateEvents: "l"))
    verification.note(unprocessed: 3, of: "clicks[0]")
    let differences = verification.finish().differences
    #expect(
      differences.discrepancies.map(\.description) == [
        "clicks[0]: records not processed should be 0, is 3"
      ])
  }

  @Test func recordsWithAStrayKeyAreNoted() {
    var world = PublishedWorld()
    world.clicks[1].key = nil
    #expect(world.verified().notes.count == 1)
  }

  @Test func everyDifferenceIsCountedAndOnlyTheFirstAreListed() {
    var world = PublishedWorld()
    world.rollups.removeAll()
    let report = world.verified(limit: 2)
    #expect(report.differences.discrepancies.count == 2)
    #expect(report.differences.total > 2)
  }

  // MARK: Helpers

  /// Exactly these lines.
  private func expectDifferences(
    _ lines: [String], _ change: (inout PublishedWorld) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var world = PublishedWorld()
    change(&world)
    let found = world.verified().differences.discrepancies.map(\.description)
    #expect(found == lines, sourceLocation: sourceLocation)
    #expect(!found.joined().contains("secret"), sourceLocation: sourceLocation)
  }

  /// At least one line with this in it; consequences may follow.
  @discardableResult
  private func expectDifference(
    _ part: String, _ change: (inout PublishedWorld) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> VerificationReport {
    var world = PublishedWorld()
    change(&world)
    let report = world.verified()
    let found = report.differences.discrepancies.map(\.description)
    #expect(found.contains { $0.contains(part) }, "\(found)", sourceLocation: sourceLocation)
    #expect(!found.joined().contains("secret"), sourceLocation: sourceLocation)
    return report
  }
}
