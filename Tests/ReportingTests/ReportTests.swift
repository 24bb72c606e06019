import Attribution
import Codec
import Foundation
import Reporting
import Testing

@Suite("The report of a day")
struct ReportTests {
  private static let day = CalendarDay("2026-03-29")!
  private static let berlin = ZonedCalendar("Europe/Berlin")!
  /// 2026-03-28T23:00Z to 2026-03-29T22:00Z: clocks are put forward.
  private static let range = berlin.range(of: day)
  private static let firstMinute = range.lowerBound / minute

  /// One rollup in the first and last minute of the day, and just outside of it.
  private func board(
    finalThrough: Milliseconds, _ definitions: Definitions = ReportingTests.definitions
  ) -> RollupBoard {
    var board = RollupBoard(definitions, partitionCount: 1)
    for (name, minute, clicks): (String, Int64, Int64) in [
      ("c-2", 0, 1), ("c-1", 0, 2), ("c-2", 1_379, 4), ("(unattributed)", 5, 0),
      ("c-1", -1, 1_000), ("c-1", 1_380, 1_000),
    ] {
      board.apply(.rollup(credited(name, of: "campaign", Self.firstMinute + minute, clicks)))
      board.apply(
        .rollup(
          credited(name, of: "both|ways", Self.firstMinute + minute, clicks, second: "email")))
    }
    board.apply(.progress(partition: 0, finalThrough: finalThrough))
    return board
  }

  private func credited(
    _ name: String, of view: String, _ number: Int64, _ clicks: Int64, second: String? = nil
  ) -> Rollup {
    var rollup = rollup(
      [name] + (second.map { [$0] } ?? []), of: view, minute: number, clicks: clicks)
    rollup.sums.credits = [1_000_000, clicks == 4 ? 1_500_000 : clicks == 1 ? 500_000 : 1_000_000]
    rollup.sums.revenues = [
      2_000_000, clicks == 4 ? 3_000_000 : clicks == 1 ? 1_000_000 : 2_000_000,
    ]
    rollup.sums.spend = MicrosSum(clicks) * 250_000
    return rollup
  }

  private func request(provisional: Bool = false, models: [Int] = [1]) -> ReportRequest {
    ReportRequest(
      days: Self.day...Self.day, calendar: Self.berlin, dimensions: [.campaignID], models: models,
      allowsProvisional: provisional)
  }

  @Test("It sums the day's 23 hours and nothing outside of them")
  func sums() throws {
    let report = try Report(board(finalThrough: Self.range.upperBound), definitions, request())
    #expect(Self.range.upperBound - Self.range.lowerBound == 23 * 60 * minute)
    #expect(report.isFinal)
    #expect(report.lines.map(\.names) == [["c-1"], ["c-2"], ["(unattributed)"]])
    #expect(report.lines.map(\.sums.clicks) == [2, 5, 0])
    #expect(report.total.sums.clicks == 7)
    #expect(report.revision == 4)
  }

  @Test("A day that is not over is refused, or marked and without its open windows")
  func provisional() throws {
    let early = board(finalThrough: Self.range.upperBound - minute)
    #expect {
      try Report(early, definitions, request())
    } throws: { error in
      "\(error)"
        == "2026-03-29 in Europe/Berlin is not final yet: closed through "
        + "2026-03-29T23:59:00+02:00, 1 open window with numbers; --provisional reports what is closed"
    }
    let report = try Report(early, definitions, request(provisional: true))
    #expect(!report.isFinal)
    #expect(report.total.sums.clicks == 3)
    #expect(report.openWindows == [Self.range.upperBound - minute])
    #expect(report.csv().contains(",provisional,"))
    #expect(!report.csv().contains(",final,"))
  }

  @Test("Credits and revenue reconcile under every model and in every view")
  func reconciliation() throws {
    var board = board(finalThrough: Self.range.upperBound)
    let good = try Report(board, definitions, request()).reconciliation
    #expect(good.disagreements == [])
    #expect(good.conversions == 4)
    #expect(good.shares[1].attributedCredit == 3_000_000)
    #expect(good.shares[1].unattributed?.credit == 1_000_000)
    #expect(good.views == ["campaign", "both|ways"])

    var lost = credited("c-2", of: "both|ways", Self.firstMinute, 1, second: "email")
    lost.revision = 2
    lost.sums.credits[1] -= 1
    board.apply(.rollup(lost))
    let bad = try Report(board, definitions, request()).reconciliation
    #expect(
      bad.disagreements == ["both|ways under linear has 3.999999 conversions worth 8.000000"])
  }

  @Test("A model that was added later is compared only where it was asked for")
  func modelAddedLater() throws {
    var definitions = definitions
    definitions.modelsSince[definitions.models[1]] = Self.range.upperBound
    var board = board(finalThrough: Self.range.upperBound, definitions)
    var unfilled = credited("c-2", of: "both|ways", Self.firstMinute, 1, second: "email")
    unfilled.revision = 2
    unfilled.sums.credits[1] = 0
    board.apply(.rollup(unfilled))
    let others = try Report(board, definitions, request(models: [0])).reconciliation
    #expect(others.disagreements == [] && others.models == [0])
    let asked = try Report(board, definitions, request(models: [0, 1])).reconciliation
    #expect(asked.models == [0, 1])
    #expect(
      asked.disagreements.first?.contains(
        "`tributary backfill --models linear` fills the time before")
        ?? false)
  }

  @Test("The same day at the same revision is the same bytes, whatever else has happened")
  func reproducible() throws {
    let board = board(finalThrough: Self.range.upperBound)
    var later = self.board(finalThrough: Self.range.upperBound + 99 * minute)
    later.apply(.rollup(credited("c-9", of: "campaign", Self.firstMinute + 2_000, 3)))
    for models in [[0], [0, 1]] {
      let first = try Report(board, definitions, request(models: models))
      let second = try Report(later, definitions, request(provisional: true, models: models))
      #expect(first.csv() == second.csv())
      #expect(first.json == second.json)
    }
  }

  @Test("CSV has its columns in a fixed order, empty where there is nothing to divide by")
  func csv() throws {
    let report = try Report(board(finalThrough: Self.range.upperBound), definitions, request())
    #expect(
      report.csv() == """
        day,timezone,state,revision,line,campaign_id,impressions,clicks,ctr,spend,cpc,conversions,\
        conversion_rate,cpa,revenue,roas\r
        2026-03-29,Europe/Berlin,final,4,item,c-1,0,2,,0.500000,0.250000,1.000000,0.500000,0.500000,\
        2.000000,4.000000\r
        2026-03-29,Europe/Berlin,final,4,item,c-2,0,5,,1.250000,0.250000,2.000000,0.400000,0.625000,\
        4.000000,3.200000\r
        2026-03-29,Europe/Berlin,final,4,unattributed,(unattributed),0,0,,0.000000,,1.000000,,0.000000,\
        2.000000,\r
        2026-03-29,Europe/Berlin,final,4,total,,0,7,,1.750000,0.250000,4.000000,0.571429,0.437500,\
        8.000000,4.571429\r

        """)
  }

  @Test("CSV quotes what would end a field")
  func quoting() throws {
    var board = RollupBoard(definitions, partitionCount: 1)
    board.apply(.rollup(rollup(["a,\"b\"\n"], minute: Self.firstMinute)))
    board.apply(.progress(partition: 0, finalThrough: Self.range.upperBound))
    let report = try Report(board, definitions, request())
    #expect(report.csv().contains("item,\"a,\"\"b\"\"\n\",0"))
  }

  @Test("Models stand side by side under their names")
  func comparison() throws {
    let report = try Report(
      board(finalThrough: Self.range.upperBound), definitions, request(models: [0, 1]))
    #expect(
      report.columns.map(\.name).suffix(10) == [
        "conversions_last_touch", "conversion_rate_last_touch", "cpa_last_touch",
        "revenue_last_touch", "roas_last_touch", "conversions_linear", "conversion_rate_linear",
        "cpa_linear", "revenue_linear", "roas_linear",
      ])
  }

  @Test("JSON is well-formed and says the same digits as CSV")
  func json() throws {
    let report = try Report(board(finalThrough: Self.range.upperBound), definitions, request())
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
    let lines = try #require(object["lines"] as? [[String: Any]])
    #expect(lines.map { $0["roas"] as? String } == ["4.000000", "3.200000", nil])
    #expect(lines[2]["roas"] is NSNull)
    #expect((object["total"] as? [String: Any])?["conversions"] as? String == "4.000000")
    #expect(object["state"] as? String == "final")
  }

  @Test("No view for what is asked is said in one line")
  func noView() {
    let board = board(finalThrough: Self.range.upperBound)
    var request = request()
    request.dimensions = [.adID]
    #expect {
      try Report(board, definitions, request)
    } throws: { "\($0)" == "no view is by ad_id; there are campaign, both|ways" }
  }
}
