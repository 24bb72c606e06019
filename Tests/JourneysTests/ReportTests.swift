import Foundation
import SQLite
import Testing

@testable import Journeys

/// The channel report, against SQL over the same database.
@Suite struct ReportTests {
  private let folder: TemporaryFolder
  private let database: SQLiteDatabase

  init() throws {
    folder = try TemporaryFolder()
    database = try SQLiteDatabase(folder.path("shop.sqlite"), .readWrite)
  }

  private func fill(seed: UInt64) throws {
    var exercise = ExerciseDatabase(
      seed: seed, conversions: 800, firstDay: JourneyDay("2026-01-05")!, days: 5)
    _ = try exercise.write(to: database)
  }

  private func attribute(_ selection: JourneySelection = JourneySelection()) throws {
    var attribution = JourneyAttribution(
      try JourneyDatabase(database), SQLiteResults(database), .heuristic, AttributionOptions(),
      note: { _ in })
    _ = try attribution.run(selection)
    try rebuild(selection)
  }

  private func rebuild(
    _ selection: JourneySelection = JourneySelection(),
    costs: ChannelReport.CostBasis = .journeys
  ) throws {
    let results = SQLiteResults(database)
    var report = ChannelReport(try JourneyDatabase(database), results)
    try results.replaceReport(selection, try report.rows(selection, costs: costs))
    #expect(report.unknownSessions == 0)
  }

  /// Credits by channel and date of the conversion, and costs of the sessions credited there, each once.
  private static let reference = """
    WITH shares AS (
      SELECT channel_name, conv_date, session_id, ihc, ihc * revenue AS revenue
      FROM attribution_customer_journey JOIN session_sources USING (session_id)
      JOIN conversions USING (conv_id)
    ), costs AS (
      SELECT channel_name, conv_date, sum(cost) AS cost
      FROM (SELECT DISTINCT channel_name, conv_date, session_id FROM shares)
      JOIN session_costs USING (session_id) GROUP BY 1, 2
    )
    SELECT channel_name, conv_date, round(coalesce(max(cost), 0), 2), round(sum(ihc), 6),
      round(sum(revenue), 2)
    FROM shares LEFT JOIN costs USING (channel_name, conv_date) GROUP BY 1, 2 ORDER BY 2, 1
    """

  private static let report = """
    SELECT channel_name, date, round(cost, 2), round(ihc, 6), round(ihc_revenue, 2)
    FROM channel_reporting ORDER BY 2, 1
    """

  private func rows(_ sql: String) throws -> [[String]] {
    let statement = try database.prepare(sql)
    var rows: [[String]] = []
    while try statement.step() {
      rows.append((0..<statement.columnCount).map { statement.string($0) ?? "null" })
    }
    return rows
  }

  @Test(arguments: [1, 2, 3])
  func theReportEqualsTheReferenceToTheCent(seed: UInt64) throws {
    try fill(seed: seed)
    try attribute()
    let expected = try rows(Self.reference)
    #expect(expected.count == 40)
    #expect(try rows(Self.report) == expected)
    // All revenue is somewhere.
    #expect(
      try rows("SELECT round(sum(ihc_revenue), 2) FROM channel_reporting")
        == rows("SELECT round(sum(revenue), 2) FROM conversions"))
  }

  @Test func onlyTheDatesOfTheRunAreRebuiltAndTwiceIsOnce() throws {
    try fill(seed: 4)
    try attribute()
    let before = try rows(Self.report)
    try database.execute(
      """
      UPDATE channel_reporting SET cost = 999 WHERE date = '2026-01-05';
      INSERT INTO channel_reporting VALUES ('gone', '2026-01-06', 1, 1, 1);
      """)
    let day = JourneyDay("2026-01-06")!
    try attribute(JourneySelection(from: day, through: day))
    #expect(
      try rows(Self.report).filter { $0[1] != "2026-01-05" }
        == before.filter { $0[1] != "2026-01-05" })
    #expect(
      try rows("SELECT min(cost) FROM channel_reporting WHERE date = '2026-01-05'") == [["999.0"]])
    try attribute()
    #expect(try rows(Self.report) == before)
  }

  @Test func costsOfAllSessionsAreThoseOfTheDate() throws {
    try fill(seed: 5)
    try attribute()
    try rebuild(costs: .sessions)
    let report = try rows(
      "SELECT channel_name, date, round(cost, 2) FROM channel_reporting WHERE cost > 0 ORDER BY 2, 1"
    )
    #expect(
      try report
        == rows(
          """
          SELECT channel_name, event_date, round(sum(cost), 2) FROM session_sources
          JOIN session_costs USING (session_id) GROUP BY 1, 2 ORDER BY 2, 1
          """))
  }

  @Test func tablesOfTheExerciseAreTakenAsTheyAre() throws {
    try fill(seed: 6)
    try database.execute(
      """
      CREATE TABLE attribution_customer_journey (conv_id TEXT NOT NULL, session_id TEXT NOT NULL, \
      ihc REAL NOT NULL, PRIMARY KEY (conv_id, session_id));
      CREATE TABLE channel_reporting (channel_name TEXT NOT NULL, date TEXT NOT NULL, \
      cost REAL NOT NULL, ihc REAL NOT NULL, ihc_revenue REAL NOT NULL);
      DROP TABLE session_costs;
      """)
    try attribute()
    #expect(
      try rows(
        """
        SELECT count(*) > 0, sum(initializer IS NULL), sum(holder IS NULL), sum(closer IS NULL)
        FROM attribution_customer_journey
        """) == [["1", "0", "0", "0"]])
    #expect(try rows("SELECT count(*), sum(cost) FROM channel_reporting") == [["40", "0.0"]])
  }

  @Test func ratiosAreEmptyWhereThereIsNothingToDivideBy() {
    let day = JourneyDay("2026-01-05")!
    let rows = [
      ChannelDay(channel: "a, \"b\"", day: day, cost: 10, ihc: 4, revenue: 25),
      ChannelDay(channel: "free", day: day, cost: 0, ihc: 2, revenue: 8),
      ChannelDay(channel: "vain", day: day, cost: 3, ihc: 0, revenue: 0),
    ]
    let lines = [
      "channel_name,date,cost,ihc,ihc_revenue,CPO,ROAS",
      #""a, ""b""",2026-01-05,10.000000,4.000000,25.000000,2.500000,2.500000"#,
      "free,2026-01-05,0.000000,2.000000,8.000000,0.000000,",
      "vain,2026-01-05,3.000000,0.000000,0.000000,,0.000000",
    ]
    #expect(ChannelReportText.csv(rows) == lines.map { $0 + "\r\n" }.joined())
    #expect(
      ChannelReportText.json([rows[1]], models: ["ihc_heuristic": 2])
        == #"{"conversions_by_model":{"ihc_heuristic":2},"rows":[{"channel_name":"free","#
        + #""date":"2026-01-05","cost":"0.000000","ihc":"2.000000","ihc_revenue":"8.000000","#
        + #""CPO":"0.000000","ROAS":null}]}"# + "\n")
  }
}
