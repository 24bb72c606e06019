import Foundation
import Testing

@testable import Journeys

/// The tables of journeys in PostgreSQL hold what those in SQLite hold.
@Suite struct JourneyResultsTests {
  @Test func bothDatabasesHoldTheSame() throws {
    let folder = try TemporaryFolder()
    let input = folder.url.appendingPathComponent("shop.sqlite").path
    let program = Program()
    _ = try program.run("journeys", "generate", "--database", input, "--conversions", "200")
    var dumps: [[String]] = []
    for kind in TestDatabase.Kind.allCases {
      let database = try TestDatabase(kind)
      defer { database.remove() }
      // The second run finds everything answered; a part of the dates is rebuilt alone.
      for dates in [[], [], ["--from", "2026-01-07", "--to", "2026-01-09"]] {
        let result = try program.run(
          arguments: [
            "journeys", "attribute", "--database", input, "--model", "ihc_heuristic", "--results",
            database.address,
          ] + dates)
        #expect(result.status == 0, "\(result.errors)")
      }
      let report = try program.run("journeys", "report", "--results", database.address)
      #expect(report.status == 0, "\(report.errors)")
      let order = kind == .postgres ? #" COLLATE "C""# : ""
      dumps.append([
        report.output,
        try database.ask(
          """
          SELECT conv_id, session_id, round(CAST(ihc * 1000000 AS NUMERIC), 0) * 1.0
          FROM attribution_customer_journey ORDER BY conv_id\(order), session_id\(order);
          """
        ).replacingOccurrences(of: ".0", with: ""),
        try database.ask("SELECT model, count(*) FROM tributary_journeys GROUP BY model;"),
      ])
    }
    #expect(dumps[0] == dumps[1])
    #expect(dumps[0][0].count > 1_000)
  }
}
