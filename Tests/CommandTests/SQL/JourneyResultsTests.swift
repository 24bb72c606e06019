import Codec
import Foundation
import TestServers
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

/// The attributions topic as a source of journeys.
@Suite struct TopicJourneysTests {
  @Test func theJourneysAreTheTouchesOfTheAttributions() throws {
    let cluster = try Cluster()
    let program = cluster.program
    #expect(
      try program.run("generate", "--profile", "dense", "--events", "3000", "--seed", "5").status
        == 0)
    #expect(try program.run("run", "--exit-at-end").status == 0)
    var expected: [String: [String]] = [:]
    for record in try cluster.records(of: "\(cluster.prefix)-attributions") {
      let attribution = try AttributionCodec.decode(try #require(record.value))
      expected[attribution.conversionID] = attribution.touches.map(\.eventID)
    }
    let empty = expected.filter(\.value.isEmpty).count
    #expect(empty > 0 && empty < expected.count)

    let export = try program.run("journeys", "export")
    #expect(export.status == 0, "\(export.errors)")
    #expect(export.errors.contains("\(empty) conversions without a session before them"))
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(export.output.utf8)) as? [String: [[String: Any]]]
    )
    var found: [String: [String]] = [:]
    for session in try #require(document["customer_journeys"]) {
      let id = try #require(session["conversion_id"] as? String)
      found[id, default: []].append(try #require(session["session_id"] as? String))
      let isLast = found[id]!.count == expected[id]?.count
      #expect(session["conversion"] as? Int == (isLast ? 1 : 0))
    }
    #expect(found == expected.filter { !$0.value.isEmpty })

    let folder = try TemporaryFolder()
    let results = "sqlite:" + folder.url.appendingPathComponent("results.sqlite").path
    let attribute = try program.run(
      "journeys", "attribute", "--model", "ihc_heuristic", "--results", results, "--json")
    #expect(attribute.status == 0, "\(attribute.errors)")
    #expect(attribute.output.contains("\"answered\":\(found.count),"))
  }
}
