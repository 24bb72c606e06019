import Testing

@testable import Attribution

/// Revisions and finality of published rollups.
@Suite struct RollupTableTests {
  let start: Milliseconds = 1_767_571_500_000

  /// What was lent of a revision.
  private struct Published {
    var names: String
    var windowStart: Milliseconds
    var columns: [Int64]
    var isFinal: Bool
    var revision: Int64
    var clicks: Int64 { columns[SumsLayout.clicks] }
  }

  @Test func aWindowIsFinalOnceEveryTaskHasPassedItAndStaysFinal() {
    let table = RollupTable(definitions: Definitions(), taskCount: 2)
    add(table, clicks: 3)
    #expect(publish(table).map(\.isFinal) == [false])
    table.update(task: 0, .active(Watermark(start + 900_000)))
    table.advance(now: 0)
    #expect(table.finalThrough == .unknown, "one task has not spoken")
    table.update(task: 1, .active(Watermark(start + 299_999)))
    table.advance(now: 0)
    #expect(publish(table).isEmpty)
    table.update(task: 1, .active(Watermark(start + 300_000)))
    table.advance(now: 0)
    let closed = publish(table)
    #expect(closed.map(\.isFinal) == [true] && closed.map(\.revision) == [2])
    table.update(task: 1, .active(Watermark(start)))
    table.advance(now: 0)
    #expect(table.finalThrough == Watermark(start + 300_000), "finality never goes back")
    add(table, clicks: -1)
    let corrected = publish(table)
    #expect(corrected.map(\.isFinal) == [true] && corrected.map(\.revision) == [3])
    #expect(corrected.map(\.clicks) == [2])
  }

  @Test func whenNothingMovesFinalityFollowsTheWallClock() {
    let table = RollupTable(definitions: Definitions(), taskCount: 2)
    add(table, clicks: 1)
    _ = publish(table)
    let later = start + 86_400_000
    table.update(task: 0, .idle(asOf: later))
    table.update(task: 1, .active(Watermark(start)))
    table.advance(now: later)
    #expect(publish(table).isEmpty, "a task that moves is waited for")
    table.update(task: 1, .idle(asOf: later))
    let behind: Milliseconds = 60_000 + 600_000
    table.advance(now: start + 300_000 + behind - 1)
    #expect(publish(table).isEmpty)
    table.advance(now: start + 300_000 + behind)
    #expect(publish(table).map(\.isFinal) == [true])
  }

  @Test func oneClockAloneMakesNothingFinal() {
    let behind: Milliseconds = 60_000 + 600_000
    let (early, late) = (start + behind, start + 300_000 + behind)
    for clocks in [(early, late, late), (late, early, late), (late, late, early)] {
      let table = RollupTable(definitions: Definitions(), taskCount: 2)
      add(table, clicks: 1)
      _ = publish(table)
      table.update(task: 0, .idle(asOf: clocks.0))
      table.update(task: 1, TaskStatus.idle(asOf: clocks.1).bounded(by: late))
      table.advance(now: clocks.2)
      #expect(publish(table).isEmpty)
      table.update(task: 0, .idle(asOf: late))
      table.update(task: 1, .idle(asOf: late))
      table.advance(now: late)
      #expect(publish(table).map(\.isFinal) == [true])
    }
  }

  @Test func anIdleTaskThatDoesNotSayByWhichClockMakesNothingFinal() {
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    add(table, clicks: 1)
    table.update(task: 0, .idle(asOf: 0))
    table.advance(now: start + 86_400_000)
    #expect(table.finalThrough == .unknown)
  }

  /// An hour's windows of a million campaigns do not fit into one transaction.
  @Test(arguments: [1, 2, 3, 7, 100]) func manyRollupsBecomeFinalInSteps(limit: Int) {
    let table = RollupTable(definitions: Definitions(), taskCount: 1, closingLimit: limit)
    for campaign in 0..<5 { add(table, clicks: 1, "c-\(campaign)") }
    for campaign in 0..<2 {
      add(table, clicks: 1, "c-\(campaign)", at: start + 300_000)
    }
    _ = publish(table)
    table.update(task: 0, .active(Watermark(start + 600_000)))
    var final = 0
    var steps = 0
    repeat {
      table.advance(now: 0)
      steps += 1
      let published = publish(table)
      #expect(published.count <= limit && published.allSatisfy(\.isFinal))
      final += published.count
      // Nothing is told to be final before all of it is.
      let through = table.finalThrough.time
      #expect(through < start + 300_000 || final >= 5)
      #expect(through < start + 600_000 || final == 7)
    } while table.isClosing && steps < 20
    #expect(final == 7 && table.finalThrough.time == start + 600_000)
    #expect(steps == max(1, (7 + limit - 1) / limit))
  }

  @Test func anIdleTaskHoldsNobodyBack() {
    let table = RollupTable(definitions: Definitions(), taskCount: 2)
    add(table, clicks: 1)
    table.update(task: 0, .idle(asOf: 0))
    table.update(task: 1, .active(Watermark(start + 300_000)))
    table.advance(now: 0)
    #expect(publish(table).map(\.isFinal) == [true])
  }

  @Test func closingEveryTaskClosesWindowsThatHoldOnlyCosts() {
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    add(table, clicks: 0)
    table.update(task: 0, .finished(through: start - 900_000))
    table.advance(now: 0, isComplete: true)
    #expect(publish(table).map(\.isFinal) == [true])
  }

  @Test func aTaskClosedInAFormerRunVouchesForNoMoreThanItHasClosed() {
    let table = RollupTable(definitions: Definitions(), taskCount: 2)
    table.update(task: 0, .finished(through: start))
    table.update(task: 1, .finished(through: start + 900_000))
    add(table, clicks: 1)
    table.advance(now: start + 86_400_000)
    #expect(publish(table).map(\.isFinal) == [false])
    #expect(table.finalThrough.time == start)
    table.update(task: 1, .active(Watermark(start + 1_800_000)))
    table.advance(now: start + 86_400_000, isComplete: true)
    #expect(!table.hasChanges)
  }

  @Test func aTaskTakenOverAnewKeepsWindowsOpenUntilItHasSpoken() {
    let table = RollupTable(definitions: Definitions(), taskCount: 2)
    table.update(task: 0, .finished(through: start - 900_000))
    table.update(task: 1, .finished(through: start - 900_000))
    table.advance(now: 0, isComplete: true)
    add(table, clicks: 1)
    table.update(task: 0, .active(.unknown))
    table.update(task: 1, .active(Watermark(start + 900_000)))
    table.advance(now: start + 86_400_000)
    #expect(publish(table).map(\.isFinal) == [false])
  }

  @Test func aRestoredTableGoesOnWhereTheFormerOneWas() {
    let former = RollupTable(definitions: Definitions(), taskCount: 1)
    add(former, clicks: 5)
    let published = publish(former)[0]
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    lend("c-7") { names in
      published.columns.map { Int64($0) }.withUnsafeBufferPointer { sums in
        table.restore(
          RollupRevision(
            view: 0, windowStart: start, windowEnd: start + 300_000, names: names, sums: sums,
            isFinal: published.isFinal, number: published.revision))
      }
    }
    add(table, clicks: 2)
    let next = publish(table)
    #expect(next.map(\.revision) == [2] && next.map(\.clicks) == [7])
  }

  @Test func windowsBeyondTheHorizonLeaveMemory() {
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    add(table, clicks: 1)
    table.update(task: 0, .active(Watermark(start + 3 * 86_400_000)))
    table.advance(now: 0)
    _ = publish(table)
    #expect(table.count == 0 && table.hasForgotten(windowEnd: start + 300_000))
    #expect(table.forgottenThrough.time > start + 300_000)
  }

  @Test func aWindowKeepsItsRollupsApartHoweverManyThereAre() {
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    let names = (0..<3_000).map { "c-\($0)" }
    for round in 1...2 {
      for (number, name) in names.enumerated() {
        add(table, clicks: Int64(number), name, at: start + Milliseconds(number % 2) * 300_000)
      }
      let published = publish(table)
      #expect(Set(published.map(\.names)) == Set(names))
      #expect(published.allSatisfy { $0.revision == Int64(round) })
      #expect(published.allSatisfy { "c-\(Int($0.clicks) / round)" == $0.names })
      #expect(published.map(\.windowStart) == published.map(\.windowStart).sorted())
    }
    #expect(table.count == names.count && table.openCount == names.count)
  }

  @Test func equalNamesInTwoViewsAreTwoRollups() {
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    add(table, clicks: 1, view: 0)
    add(table, clicks: 2, view: 1)
    add(table, clicks: 4, view: 0)
    #expect(publish(table).map(\.clicks) == [5, 2])
  }

  private func add(
    _ table: RollupTable, clicks: Int64, _ name: String = "c-7", view: Int = 0,
    at time: Milliseconds? = nil
  ) {
    var sums = [Int64](repeating: 0, count: SumsLayout(modelCount: 1).width)
    sums[SumsLayout.clicks] = clicks
    lend(name) { names in
      sums.withUnsafeBufferPointer {
        table.add($0, to: names, view: view, windowStart: time ?? start)
      }
    }
  }

  private func lend(_ name: String, _ body: (BorrowedBytes) -> Void) {
    Array(name.utf8).withUnsafeBytes { body(BorrowedBytes($0)) }
  }

  private func publish(_ table: RollupTable) -> [Published] {
    var rollups: [Published] = []
    table.publish { rollup in
      rollups.append(
        Published(
          names: rollup.names.string, windowStart: rollup.windowStart,
          columns: Array(rollup.sums), isFinal: rollup.isFinal, revision: rollup.number))
    }
    return rollups
  }
}
