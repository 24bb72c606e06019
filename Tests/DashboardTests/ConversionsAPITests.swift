import Attribution
import Foundation
import Reporting
import TestServers
import Testing

@testable import Dashboard

@Suite("Conversions, paths and spreadsheets of the API", .serialized)
struct ConversionsAPITests {
  private func list(_ server: TestServer, _ query: String) throws -> [[String: Any]] {
    try #require(server.get("/api/conversions?\(query)").json["conversions"] as? [[String: Any]])
  }

  private func ids(_ server: TestServer, _ query: String) throws -> [String?] {
    try list(server, query).map { $0["conversion_id"] as? String }
  }

  @Test("Conversions are listed newest first, with what the touches that were asked for earned")
  func conversions() throws {
    let server = try TestServer()
    server.fill()
    #expect(try ids(server, "") == ["v-4", "v-3", "v/1 ü", "v-1"])
    #expect(try ids(server, "limit=1") == ["v-4"])
    #expect(try ids(server, "to=2026-01-05T11:10:00Z") == ["v-1"])
    #expect(try ids(server, "where=channel=search") == ["v-4", "v-3"])
    #expect(try ids(server, "where=campaign_id=(unattributed)") == ["v-1"])
    // Both conditions on the same touch.
    #expect(try ids(server, "where=channel=search&where=campaign_id=c-1") == [])
    let shares = try list(server, "where=campaign_id=c-1&models=linear,last_touch").map {
      let models = $0["models"] as? [String: [String: String]]
      return [models?["linear"]?["credit"], models?["last_touch"]?["revenue"]]
    }
    #expect(
      shares == [["0.333333", "0.000000"], ["0.500000", "0.000000"], ["1.000000", "12.000000"]])
    let first = try list(server, "timezone=Europe/Berlin")[0]
    #expect(first["local"] as? String == "2026-01-05T12:20:00+01:00")
    #expect(first["channels"] as? [String] == ["email", "search", "search"])
    #expect(first["delay_ms"] as? Int == 3_600_000)
    #expect(!server.get("/api/conversions").body.contains("u-4"), "a list names no user")
  }

  @Test("Paths count the ways, and how long they took")
  func paths() throws {
    let server = try TestServer()
    server.fill()
    let answer = server.get("/api/paths").json
    let paths = try #require(answer["paths"] as? [[String: Any]])
    #expect(paths.map { $0["steps"] as? [String] } == [["email", "search"], ["email"]])
    #expect(paths.map { $0["conversions"] as? Int } == [2, 1])
    #expect(paths.map { $0["value"] as? String } == ["24.000000", "12.000000"])
    #expect(answer["unattributed"] as? Int == 1)
    #expect(answer["count"] as? Int == 4)
    #expect(answer["median_ms"] as? Int == 3_600_000)
    let times = try #require(answer["times"] as? [[String: Any]])
    #expect(times.map { $0["conversions"] as? Int } == [0, 0, 0, 3, 0, 0, 0, 0, 0, 0])
    let ads = server.get("/api/paths?by=ad_id&where=channel=search").json
    #expect((ads["paths"] as? [[String: Any]])?.count == 2)
  }

  @Test("What cannot be asked of conversions is said in one sentence")
  func errors() throws {
    let server = try TestServer()
    server.fill()
    for query in ["where=goal=x", "where=x", "by=goal", "limit=0", "limit=1001", "sort=clicks"] {
      for path in ["/api/conversions", "/api/paths"] {
        let answer = server.get("\(path)?\(query)")
        #expect(answer.status == 400, "\(path)?\(query): \(answer.body)")
        #expect((answer.json["error"] as? String)?.isEmpty == false)
      }
    }
  }

  @Test("An answer is asked for again only when something changed, conversions included")
  func tags() throws {
    let server = try TestServer()
    server.fill()
    func tag() -> String {
      let lines = server.get("/api/conversions").headers.components(separatedBy: "\r\n")
      return lines.first { $0.hasPrefix("etag: ") }.map { "W" + $0.dropFirst(7) } ?? "none"
    }
    let first = tag()
    #expect(server.get("/api/conversions", ["If-None-Match: \(first)"]).status == 304)
    server.conversions.update(isCaughtUp: true) { $0.apply(nil, of: "v-4") }
    #expect(server.get("/api/conversions", ["If-None-Match: \(first)"]).status == 200)
    #expect(try ids(server, "") == ["v-3", "v/1 ü", "v-1"])
  }

  @Test("A spreadsheet has the rows of the answer, and no name in it is a formula")
  func spreadsheet() throws {
    let server = try TestServer()
    server.fill()
    server.fillWithFormula()
    let answer = server.get("/api/rollups.csv?sort=clicks&models=linear&timezone=Europe/Berlin")
    #expect(answer.status == 200)
    #expect(answer.headers.contains("content-type: text/csv; charset=utf-8"))
    #expect(answer.headers.contains("content-disposition: attachment"))
    let lines = answer.body.components(separatedBy: "\r\n")
    #expect(
      lines[0]
        == "start,timezone,state,revision,campaign_id,impressions,clicks,users,sessions,spend,"
        + "ctr,cpc,conversions,revenue,conversion_rate,cpa,roas")
    #expect(lines.count == 5)
    #expect(
      lines[1].hasPrefix(
        "2026-01-05T12:00:00+01:00,Europe/Berlin,provisional,12,c-2 Été,270,90,,,"),
      "\(lines[1])")
    #expect(lines[3].contains(",'=1+1,3,1,1,"), "\(lines[3])")
    let two = server.get("/api/rollups.csv?unit=hour&by=none").body
    #expect(two.hasPrefix("start,timezone,state,revision,impressions"))
    #expect(two.contains(",conversions_last_touch,"))
    #expect(server.get("/api/rollups.csv?unit=year").status == 400)
  }
}
