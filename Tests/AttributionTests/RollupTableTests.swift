import Testing
import TributaryTestKit

@testable import Attribution

/// Revisions and finality of published rollups.
@Suite struct RollupTableTests {
  let start: Milliseconds = 1_767_571_500_000
  let key = RollupKey(view: "campaign_5m", dimensions: ["c-7"], windowStart: 1_767_571_500_000)
  let identity = Hash128(high: 1, low: 2)

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
    #expect(corrected.map(\.sums.clicks) == [2])
  }

  @Test func whenNothingMovesFinalityFollowsTheWallClock() {
    let table = RollupTable(definitions: Definitions(), taskCount: 2)
    add(table, clicks: 1)
    _ = publish(table)
    table.update(task: 0, .idle)
    table.update(task: 1, .active(Watermark(start)))
    table.advance(now: start + 86_400_000)
    #expect(publish(table).isEmpty, "a task that moves is waited for")
    table.update(task: 1, .idle)
    let behind: Milliseconds = 60_000 + 600_000
    table.advance(now: start + 300_000 + behind - 1)
    #expect(publish(table).isEmpty)
    table.advance(now: start + 300_000 + behind)
    #expect(publish(table).map(\.isFinal) == [true])
  }

  @Test func anIdleTaskHoldsNobodyBack() {
    let table = RollupTable(definitions: Definitions(), taskCount: 2)
    add(table, clicks: 1)
    table.update(task: 0, .idle)
    table.update(task: 1, .active(Watermark(start + 300_000)))
    table.advance(now: 0)
    #expect(publish(table).map(\.isFinal) == [true])
  }

  @Test func closingEveryTaskClosesWindowsThatHoldOnlyCosts() {
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    add(table, clicks: 0)
    table.update(task: 0, .closed(through: start - 900_000))
    table.advance(now: 0, isComplete: true)
    #expect(publish(table).map(\.isFinal) == [true])
  }

  @Test func aTaskClosedInAFormerRunVouchesForNoMoreThanItHasClosed() {
    let table = RollupTable(definitions: Definitions(), taskCount: 2)
    table.update(task: 0, .closed(through: start))
    table.update(task: 1, .closed(through: start + 900_000))
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
    table.update(task: 0, .closed(through: start - 900_000))
    table.update(task: 1, .closed(through: start - 900_000))
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
    let published = publish(former)
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    table.restore(published[0], identity: identity)
    add(table, clicks: 2)
    let next = publish(table)
    #expect(next.map(\.revision) == [2] && next.map(\.sums.clicks) == [7])
  }

  @Test func windowsBeyondTheHorizonLeaveMemory() {
    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    add(table, clicks: 1)
    table.update(task: 0, .active(Watermark(start + 3 * 86_400_000)))
    table.advance(now: 0)
    _ = publish(table)
    #expect(table.count == 0 && !table.isKnown(identity))
    #expect(table.forgottenThrough.time > start + 300_000)
  }

  private func add(_ table: RollupTable, clicks: Int64) {
    var sums = [Int64](repeating: 0, count: SumsLayout(modelCount: 1).width)
    sums[SumsLayout.clicks] = clicks
    if !table.isKnown(identity) {
      table.insert(identity, key: key, windowEnd: start + 300_000)
    }
    sums.withUnsafeBufferPointer { table.add(identity, sums: $0) }
  }

  private func publish(_ table: RollupTable) -> [Rollup] {
    var rollups: [Rollup] = []
    table.publish { rollups.append($0) }
    return rollups
  }
}
