import Attribution
import Foundation
import Reporting
import Testing

/// Reports of several days, by several dimensions, beside the days before, and between models.
@Suite("Reports of ranges")
struct RangeReportTests {
  private static let berlin = ZonedCalendar("Europe/Berlin")!
  /// Clocks are put forward on the second.
  private static let days = CalendarDay("2026-03-28")!...CalendarDay("2026-03-30")!
  private static let before = CalendarDay("2026-03-25")!...CalendarDay("2026-03-27")!

  /// From five days before the range on, some rollups of each day under both views.
  private static func board(through end: CalendarDay = days.upperBound) -> RollupBoard {
    var board = RollupBoard(definitions, partitionCount: 1)
    for number in -5..<5 as Range<Int64> {
      let day = days.lowerBound.advanced(by: number)
      let start = berlin.start(of: day) / minute
      func put(_ campaign: String, _ channel: String, _ clicks: Int64, credit: Int64) {
        for (view, names) in [("campaign", [campaign]), ("both|ways", [campaign, channel])] {
          var rollup = rollup(names, of: view, minute: start + clicks, clicks: clicks)
          rollup.sums.impressions = 1_000 * clicks
          rollup.sums.spend = MicrosSum(clicks) * 250_000
          rollup.sums.credits = [credit * 1_000_000, credit * 1_000_000]
          rollup.sums.revenues = [MicrosSum(credit) * 4_000_000, MicrosSum(credit) * 4_000_000]
          board.apply(.rollup(rollup))
        }
      }
      put("c-1", "email", 10 + number, credit: 1)
      put("c-1", "social", 20, credit: 0)
      if number >= 0 {
        put("c-2", "email", 1, credit: 2)
      } else {
        put("c-0", "email", 2, credit: 1)
      }
      put(unattributedName, unattributedName, 0, credit: 1)
    }
    board.apply(.progress(partition: 0, finalThrough: berlin.range(of: end).upperBound))
    return board
  }

  private static func request(
    _ days: ClosedRange<CalendarDay> = days, before: ClosedRange<CalendarDay>? = nil,
    by dimensions: [Attribution.Dimension] = [.campaignID], models: [Int] = [0],
    differences: Bool = false,
    provisional: Bool = false
  ) -> ReportRequest {
    ReportRequest(
      days: days, comparedWith: before, calendar: berlin, dimensions: dimensions, models: models,
      showsModelDifferences: differences, allowsProvisional: provisional)
  }

  @Test("A range has the sum of its days, line by line, and reconciles like each of them")
  func sums() throws {
    let board = Self.board()
    let range = try Report(board, definitions, Self.request())
    #expect(range.range.upperBound - range.range.lowerBound == (3 * 24 - 1) * 60 * minute)
    #expect(range.lines.map(\.names) == [["c-1"], ["c-2"], [unattributedName]])
    #expect(range.lines.map(\.kind) == [.item, .item, .unattributed])
    var sums: [String: RollupSums] = [:]
    var revision: Int64 = 0
    var conversions: Int64 = 0
    for number in 0..<3 as Range<Int64> {
      let day = Self.days.lowerBound.advanced(by: number)
      let report = try Report(board, definitions, Self.request(day...day))
      for line in report.allLines {
        sums[line.names.first ?? "total", default: RollupSums(modelCount: 2)].add(line.sums)
      }
      revision += report.revision
      conversions += try #require(report.reconciliation.conversions)
    }
    for line in range.allLines { #expect(line.sums == sums[line.names.first ?? "total"]) }
    #expect(range.revision == revision)
    #expect(range.reconciliation.conversions == conversions && conversions == 12)
    #expect(range.reconciliation.disagreements == [])
    // What the API and the page sum.
    let rows = board.rows(
      RollupQuery(view: "campaign", range: range.range, dimensions: [.campaignID]))
    for row in rows { #expect(row.sums == sums[row.dimensions[0]]) }
    #expect(rows.count == 3)
  }

  @Test("A range that is not over is refused by its days")
  func notFinal() throws {
    let board = Self.board(through: CalendarDay("2026-03-29")!)
    #expect {
      try Report(board, definitions, Self.request())
    } throws: { error in
      "\(error)".hasPrefix(
        "2026-03-28 to 2026-03-30 in Europe/Berlin is not final yet: closed through 2026-03-30T00:00:00+02:00, "
      )
    }
    let report = try Report(board, definitions, Self.request(provisional: true))
    #expect(report.total.sums.clicks == 10 + 20 + 1 + 11 + 20 + 1 && !report.isFinal)
  }

  @Test("Several dimensions have a column each, and one name of nobody makes a line of nobody")
  func dimensions() throws {
    let report = try Report(
      Self.board(), definitions, Self.request(by: [.channel, .campaignID]))
    #expect(
      report.lines.map(\.names) == [
        ["email", "c-1"], ["email", "c-2"], ["social", "c-1"],
        [unattributedName, unattributedName],
      ])
    #expect(report.lines.map(\.kind) == [.item, .item, .item, .unattributed])
    #expect(
      report.csv().hasPrefix(
        "from,to,timezone,state,revision,line,channel,campaign_id,impressions,"))
    #expect(report.csv().contains("\r\n2026-03-28,2026-03-30,Europe/Berlin,final,12,total,,,"))
    let object = try Self.object(report)
    #expect(object["by"] as? [String] == ["channel", "campaign_id"])
    #expect(object["from"] as? String == "2026-03-28" && object["to"] as? String == "2026-03-30")
    let lines = try #require(object["lines"] as? [[String: Any]])
    #expect(
      lines[1]["channel"] as? String == "email" && lines[1]["campaign_id"] as? String == "c-2")
  }

  @Test("Beside the days before stands what has gone, too, and every change is exact")
  func previous() throws {
    let report = try Report(Self.board(), definitions, Self.request(before: Self.before))
    #expect(report.lines.map(\.names) == [["c-0"], ["c-1"], ["c-2"], [unattributedName]])
    #expect(report.lines.map(\.sums.clicks) == [0, 93, 3, 0])
    #expect(report.lines.map { $0.previous?.clicks } == [6, 84, 0, 0])
    #expect(report.total.previous?.clicks == 90)
    let columns = report.columns
    func text(_ line: Int, _ name: String) -> String? {
      report.allLines[line].text(columns.first { $0.name == name }!)
    }
    #expect(text(0, "clicks") == "0" && text(0, "clicks_change") == "-1.000000")
    #expect(text(1, "clicks_previous") == "84" && text(1, "clicks_change") == "0.107143")
    #expect(text(2, "clicks_previous") == "0" && text(2, "clicks_change") == nil)
    #expect(text(1, "cpc") == "0.250000" && text(1, "cpc_change") == "0.000000")
    #expect(text(4, "revenue") == "48.000000" && text(4, "revenue_change") == "0.333333")
    #expect(report.csv().hasPrefix("from,to,previous_from,previous_to,timezone,"))
    let object = try Self.object(report)
    let previous = try #require(object["previous"] as? [String: Any])
    #expect(
      previous["from"] as? String == "2026-03-25" && previous["to"] as? String == "2026-03-27")
    let total = try #require(object["total"] as? [String: Any])
    #expect(
      total["clicks_previous"] as? Int == 90 && total["clicks_change"] as? String == "0.066667")
    let both =
      try Report(Self.board(), definitions, Self.request()).revision
      + Report(Self.board(), definitions, Self.request(Self.before)).revision
    #expect(report.revision == both)
  }

  @Test("Models show how far they are from the first, which adds up to nothing over all lines")
  func differences() throws {
    var board = Self.board()
    for (view, names) in [
      ("campaign", ["c-1"]), ("both|ways", ["c-1", "email"]),
      ("campaign", ["c-2"]), ("both|ways", ["c-2", "email"]),
    ] {
      let isFirst = names[0] == "c-1"
      let start = Self.berlin.start(of: Self.days.lowerBound) / minute
      var rollup = rollup(names, of: view, minute: start + 500, clicks: 0)
      rollup.sums.credits = [1_000_000, isFirst ? 250_000 : 1_750_000]
      rollup.sums.revenues = [4_000_000, isFirst ? 1_000_000 : 7_000_000]
      board.apply(.rollup(rollup))
    }
    let report = try Report(
      board, definitions, Self.request(models: [0, 1], differences: true))
    let names = report.columns.map(\.name)
    #expect(
      names.suffix(3) == [
        "roas_linear", "conversions_linear_minus_last_touch", "revenue_linear_minus_last_touch",
      ])
    #expect(!names.contains { $0.contains("last_touch_minus") })
    let column = report.columns[report.columns.count - 2]
    #expect(
      report.allLines.map { $0.text(column) } == ["-0.750000", "0.750000", "0.000000", "0.000000"])
  }

  @Test("Names that a spreadsheet would run are text there, and numbers stay numbers")
  func spreadsheets() throws {
    let names = [
      "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\u{FF1D}1", "'=1", "c-1", "1-1", "",
    ]
    var board = RollupBoard(definitions, partitionCount: 1)
    for name in names {
      var rollup = rollup([name], minute: Self.berlin.start(of: Self.days.lowerBound) / minute)
      rollup.sums.credits = [-2_000_000, 0]
      board.apply(.rollup(rollup))
    }
    board.apply(
      .progress(partition: 0, finalThrough: Self.berlin.range(of: Self.days).upperBound))
    let report = try Report(board, definitions, Self.request())
    #expect(report.csv(for: .raw).contains(",item,=1+1,0,"))
    let safe = report.csv()
    for name in ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "\"'\rx\"", "'\u{FF1D}1"] {
      #expect(safe.contains(",item,\(name),0,"), "\(name)")
    }
    for name in ["'=1", "c-1", "1-1", ""] { #expect(safe.contains(",item,\(name),0,"), "\(name)") }
    #expect(safe.contains(",-2.000000,") && !safe.contains("'-2"))
  }

  private static func object(_ report: Report) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
  }

  @Test(
    "Months have their days, and there is one before each",
    arguments: [
      ("2026-02", "2026-02-01", "2026-02-28", "2026-01"),
      ("2024-02", "2024-02-01", "2024-02-29", "2024-01"),
      ("2026-01", "2026-01-01", "2026-01-31", "2025-12"),
      ("2026-12", "2026-12-01", "2026-12-31", "2026-11"),
    ])
  func months(text: String, first: String, last: String, before: String) throws {
    let month = try #require(CalendarMonth(text))
    #expect(month.days == CalendarDay(first)!...CalendarDay(last)!)
    #expect(month.description == text && month.advanced(by: -1).description == before)
    #expect(month.advanced(by: -13).advanced(by: 13) == month)
    for wrong in ["2026-13", "2026-1", "2026-00", "2026", "2026-01-01", ""] {
      #expect(CalendarMonth(wrong) == nil)
    }
  }

  @Test("Only keys of other windows are passed over")
  func filter() {
    let range = Self.berlin.range(of: Self.days)
    let filter = WindowFilter(range)
    func isOutside(_ name: String, _ time: Milliseconds) -> Bool {
      key(RollupKey(view: "campaign", dimensions: [name], windowStart: time))
        .withUnsafeBytes(filter.isOutside)
    }
    for name in ["", "c-1", "2026-01-05T00:00:00Z", "|"] {
      #expect(isOutside(name, range.lowerBound - 1_000) && !isOutside(name, range.lowerBound))
      #expect(!isOutside(name, range.upperBound - 1_000) && isOutside(name, range.upperBound))
    }
    for other in ["@progress|0", "", "|2026-01-05T00:00:00.000Z", "x"] {
      #expect(!Array(other.utf8).withUnsafeBytes(filter.isOutside))
    }
    #expect(!filter.isOutside(nil))
    let all = WindowFilter(-100_000_000_000_000..<400_000_000_000_000)
    #expect(
      !key(RollupKey(view: "v", dimensions: [], windowStart: 0)).withUnsafeBytes(all.isOutside))
  }
}
