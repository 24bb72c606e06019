import Attribution
import Reporting
import Testing

/// Reports by other fields than campaign, channel and ad, and of parts.
@Suite("Reports by extra fields")
struct DimensionReportTests {
  private static let goal = Dimension(rawValue: "goal")
  private static let account = Dimension(rawValue: "account_id")
  private static let country = Dimension(rawValue: "country")
  private static let day = CalendarDay("2026-03-29")!
  private static let range = ZonedCalendar("UTC")!.range(of: day)

  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.models = [.lastTouch]
    definitions.dimensions = ["country"]
    definitions.conversionDimensions = ["goal"]
    definitions.matchOn = ["account_id"]
    definitions.views = [
      View(name: "goals", dimensions: [goal], periodMilliseconds: minute),
      View(name: "campaign_goals", dimensions: [.campaignID, goal], periodMilliseconds: minute),
      View(name: "countries", dimensions: [country, account], periodMilliseconds: minute),
    ]
    return definitions
  }()

  /// Two purchases, one of them unattributed, and a sign-up; in three views.
  private static func board() -> RollupBoard {
    var board = RollupBoard(definitions, partitionCount: 1)
    func put(_ view: String, _ names: [String], _ credit: Int64, clicks: Int64 = 0) {
      var rollup = rollup(names, of: view, minute: range.lowerBound / minute, clicks: clicks)
      rollup.sums.credits = [credit * 1_000_000]
      rollup.sums.revenues = [MicrosSum(credit) * 5_000_000]
      board.apply(.rollup(rollup))
    }
    put("goals", [""], 0, clicks: 7)
    put("goals", ["purchase"], 2)
    put("goals", ["sign-up"], 1)
    put("campaign_goals", ["c-1", ""], 0, clicks: 7)
    put("campaign_goals", ["c-1", "purchase"], 1)
    put("campaign_goals", [unattributedName, "purchase"], 1)
    put("campaign_goals", ["c-1", "sign-up"], 1)
    put("countries", ["DE", "a-1"], 2, clicks: 7)
    put("countries", [unattributedName, "a-2"], 1)
    board.apply(.progress(partition: 0, finalThrough: range.upperBound))
    return board
  }

  private static func report(
    by dimension: Dimension, where conditions: [String] = [], view: String? = nil
  ) throws -> Report {
    try Report(
      board(), definitions,
      ReportRequest(
        days: day...day, calendar: ZonedCalendar("UTC")!, dimensions: [dimension], models: [0],
        view: view, filters: conditions.compactMap { DimensionFilter($0) }))
  }

  @Test("By goal: a value is a value, and what no touch earned comes from a view that tells")
  func byGoal() throws {
    let report = try Self.report(by: Self.goal)
    #expect(report.view.name == "goals")
    #expect(report.lines.flatMap(\.names) == ["", "purchase", "sign-up"])
    #expect(report.lines.allSatisfy { $0.kind == .item })
    #expect(report.lines.map { $0.sums.credits[0] } == [0, 2_000_000, 1_000_000])
    #expect(report.lines.map(\.sums.clicks) == [7, 0, 0])
    #expect(report.reconciliation.conversions == 3)
    #expect(report.reconciliation.disagreements == [])
    #expect(report.reconciliation.views == ["goals", "campaign_goals", "countries"])
    #expect(report.reconciliation.shares[0].unattributed?.credit == 1_000_000)
    #expect(report.csv().contains("line,goal,"))
    #expect(!report.json.contains("\"where\""))
  }

  @Test("Only one goal: reconciled with the views that have goals, and no others")
  func whereGoal() throws {
    let report = try Self.report(by: .campaignID, where: ["goal=purchase"])
    #expect(report.view.name == "campaign_goals")
    #expect(report.lines.flatMap(\.names) == ["c-1", unattributedName])
    #expect(report.lines.map(\.kind) == [.item, .unattributed])
    #expect(report.total.sums.credits == [2_000_000] && report.total.sums.clicks == 0)
    #expect(report.reconciliation.conversions == 2)
    #expect(report.reconciliation.views == ["campaign_goals", "goals"])
    #expect(report.reconciliation.disagreements == [])
    #expect(report.json.contains(#""where":["goal=purchase"]"#))
    let both = try Self.report(by: .campaignID, where: ["goal=purchase", "goal=sign-up"])
    #expect(both.reconciliation.conversions == 3)
    let touches = try Self.report(by: .campaignID, where: ["goal="])
    #expect(touches.total.sums.clicks == 7 && touches.reconciliation.conversions == 0)
  }

  @Test("Only one campaign: it earns parts of conversions, which need not be whole")
  func whereCampaign() throws {
    let report = try Self.report(by: Self.goal, where: ["campaign=c-1"])
    #expect(report.view.name == "campaign_goals")
    #expect(report.total.sums.credits == [2_000_000])
    #expect(report.reconciliation.conversions == nil)
    #expect(report.reconciliation.disagreements == [])
  }

  @Test("A field that touch and conversion share is never called unattributed")
  func byAccount() throws {
    let report = try Self.report(by: Self.account)
    #expect(report.lines.flatMap(\.names) == ["a-1", "a-2"])
    #expect(report.lines.allSatisfy { $0.kind == .item })
    #expect(report.reconciliation.shares[0].unattributed?.credit == 1_000_000)
    let countries = try Self.report(by: Self.country, where: ["account_id=a-2"])
    #expect(countries.lines.map(\.kind) == [.unattributed])
    #expect(countries.reconciliation.conversions == 1)
    #expect(countries.reconciliation.shares[0].attributedCredit == 0)
  }

  @Test("What no view can tell is said in one line")
  func noView() {
    #expect {
      try Self.report(by: Self.country, where: ["goal=purchase", "account_id=a"])
    } throws: {
      "\($0)"
        == "no view is by country and goal and account_id; there are goals, campaign_goals, countries"
    }
    #expect(throws: ReportingError.self) {
      try Self.report(by: Self.goal, where: ["account_id=a-1"], view: "goals")
    }
  }

  @Test("A condition is a name, an equals sign and whatever comes behind it")
  func conditions() {
    #expect(DimensionFilter("goal") == nil && DimensionFilter("=x") == nil)
    #expect(DimensionFilter("goal=") == DimensionFilter(Self.goal, is: ""))
    #expect(DimensionFilter("goal=a=b") == DimensionFilter(Self.goal, is: "a=b"))
    #expect(DimensionFilter("ad=1") == DimensionFilter(.adID, is: "1"))
    let filters = [DimensionFilter(Self.goal, is: "é")]
    #expect(filters.accept(["\u{E9}"], of: [Self.goal]))
    #expect(!filters.accept(["e\u{301}"], of: [Self.goal]))
  }
}
