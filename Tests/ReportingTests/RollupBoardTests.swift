import Attribution
import Codec
import Testing

@testable import Reporting

@Suite("The rollups topic as a table")
struct RollupBoardTests {
  @Test("A higher revision replaces, the same or a lower one changes nothing")
  func revisions() throws {
    var board = try board([rollup(["c-1"], minute: 0, clicks: 1, revision: 1)])
    let changes = [(5, 3), (4, 2), (5, 3)].map { clicks, revision in
      board.apply(.rollup(rollup(["c-1"], minute: 0, clicks: clicks, revision: revision)))
    }
    #expect(changes == [true, false, false])
    #expect(
      board.rows(RollupQuery(view: "campaign", range: 0..<minute)).map(\.sums.clicks) == [5])
    #expect(board.count == 1)
    #expect(board.revisionCount == 2)
  }

  @Test("A tombstone deletes the rollup, and its window with the last one")
  func deletion() throws {
    let first = rollup(["c-1"], minute: 0)
    var board = try board([first, rollup(["c-2"], minute: 0)])
    let changes = [first.key, first.key].map { board.apply(.deletion($0)) }
    #expect(changes == [true, false])
    #expect(board.windowStarts(of: "campaign") == [0])
    board.apply(.deletion(rollup(["c-2"], minute: 0).key))
    #expect(board.windowStarts(of: "campaign") == [])
    #expect(board.count == 0)
  }

  @Test("It is final through what the slowest partition says, once all have spoken")
  func progress() {
    var board = RollupBoard(definitions, partitionCount: 2)
    board.apply(.progress(partition: 0, finalThrough: 9 * minute))
    #expect(board.finalThrough == nil)
    board.apply(.progress(partition: 1, finalThrough: Time.earliest))
    #expect(board.finalThrough == nil, "no time is known to that partition yet")
    board.apply(.progress(partition: 1, finalThrough: 4 * minute))
    #expect(board.finalThrough == 4 * minute)
    board.apply(.progress(partition: 1, finalThrough: 3 * minute))
    #expect(board.finalThrough == 4 * minute, "finality never goes back")
  }

  @Test("The watermark is the latest that any rollup came with")
  func watermark() throws {
    #expect(try board([rollup(["c-1"], minute: 0)]).watermark == nil)
    let board = try board([
      rollup(["c-1"], minute: 0, watermark: 70), rollup(["c-2"], minute: 0, watermark: 30),
    ])
    #expect(board.watermark == 70)
  }

  @Test("Windows come in order of time, whatever order their rollups came in")
  func windowOrder() throws {
    let board = try board([3, -1, 0, 9, 3].map { rollup(["c-1"], minute: $0) })
    #expect(board.windowStarts(of: "campaign") == [-1, 0, 3, 9].map { $0 * minute })
    #expect(board.lastWindows(2, of: "campaign") == 8 * minute..<10 * minute)
    #expect(board.lastWindows(1, of: "both|ways") == nil)
    #expect(board.windowStarts(of: "unknown") == [])
  }

  @Test("A board that forgets windows, and their names, is as if their rollups had never been")
  func forgetting() throws {
    func names(_ minute: Int64) -> [Rollup] {
      (0..<700).map { rollup(["m\(minute)-\($0)"], minute: minute, clicks: Int64($0)) }
        + [rollup(["stays"], minute: minute, clicks: minute, isFinal: true)]
    }
    let correction = rollup(["stays"], minute: 4, clicks: 7, isFinal: true, revision: 2)
    let late = names(3) + names(4) + [correction]
    let expected = try board(late)
    var board = try board(names(1) + names(2) + late)
    board.forget(before: 3 * minute)
    let starts = [3 * minute, 4 * minute]
    #expect(board.count == 1_402 && board.windowStarts(of: "campaign") == starts)
    let query = RollupQuery(view: "campaign", range: 0..<9 * minute, spans: starts)
    #expect(board.rows(query).orderedByNames() == expected.rows(query).orderedByNames())
    let found = try board.corrections(of: "campaign", in: 0..<9 * minute, limit: 9)
    #expect(found.map(\.dimensions) == [["stays"]] && found.map(\.before.clicks) == [4])
    // It goes on as before, and names do not add up.
    for number in Int64(5)..<200 {
      for rollup in names(number) { board.apply(.rollup(rollup)) }
      board.forget(before: (number - 1) * minute)
      #expect(board.count == 1_402 && board.tables[0].members.count <= 4_600)
    }
    board.apply(.deletion(rollup(["stays"], minute: 199).key))
    #expect(board.count == 1_401)
    board.forget(before: 1_000 * minute)
    #expect(board.count == 0 && board.lastWindows(1, of: "campaign") == nil)
  }

  @Test("Totals sum the windows of a range and nothing else")
  func totals() throws {
    let board = try board([
      rollup(["c-1"], minute: 0, clicks: 100),
      rollup(["c-1"], minute: 1, clicks: 10, linearRevenue: 5, isFinal: true),
      rollup(["c-1"], minute: 2, clicks: 1, linearRevenue: 7),
      rollup(["c-2"], minute: 2, clicks: 2, isFinal: true),
      rollup(["c-1"], minute: 3, clicks: 1_000),
    ])
    let totals = board.rows(RollupQuery(view: "campaign", range: minute..<3 * minute))
      .ranked(by: .clicks, model: 1)
    #expect(totals.map(\.dimensions) == [["c-1"], ["c-2"]])
    #expect(totals.map(\.sums.clicks) == [11, 2])
    #expect(totals.map { Measure.revenue.value(in: $0.sums, model: 1) } == [12, 0])
    #expect(totals.map(\.isFinal) == [false, true])
    #expect(totals.total(modelCount: 2).clicks == 13)
  }

  @Test("Totals group by some of a view's dimensions")
  func grouping() throws {
    let board = try board([
      rollup(["c-1", "email"], of: "both|ways", minute: 0, clicks: 1),
      rollup(["c-2", "email"], of: "both|ways", minute: 0, clicks: 2),
      rollup(["c-1", "social"], of: "both|ways", minute: 0, clicks: 4),
    ])
    let channels = board.rows(
      RollupQuery(view: "both|ways", range: 0..<minute, dimensions: [.channel])
    ).ranked(by: .clicks, model: 0)
    #expect(channels.map(\.dimensions) == [["social"], ["email"]])
    #expect(channels.map(\.sums.clicks) == [4, 3])
    #expect(
      board.rows(RollupQuery(view: "both|ways", range: 0..<minute, dimensions: []))
        .map(\.sums.clicks) == [7])
  }

  @Test("Two spellings of one character are two names")
  func namesAreBytes() throws {
    let board = try board([
      rollup(["\u{e9}"], minute: 0, clicks: 1), rollup(["e\u{301}"], minute: 0, clicks: 2),
    ])
    #expect(board.rows(RollupQuery(view: "campaign", range: 0..<minute)).count == 2)
  }

  @Test("Ranks are by value, ties by name")
  func ranking() throws {
    let board = try board([
      rollup(["b"], minute: 0, clicks: 1), rollup(["a"], minute: 0, clicks: 1),
      rollup(["c"], minute: 0, clicks: 2),
    ])
    let ranked = board.rows(RollupQuery(view: "campaign", range: 0..<minute)).ranked(
      by: .clicks, model: 0)
    #expect(ranked.map { $0.dimensions[0] } == ["c", "a", "b"])
  }
}
