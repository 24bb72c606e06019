import Attribution
import Foundation
import TestServers
import Testing

/// Extra fields from the topics to every reader, through the built program.
@Suite(.serialized) struct DimensionTests {
  @Test func extraFieldsReachReportVerificationTablesAndTail() throws {
    let cluster = try Cluster([
      "TRIBUTARY_DIMENSIONS": "country", "TRIBUTARY_CONVERSION_DIMENSIONS": "goal",
      "TRIBUTARY_MATCH_ON": "account_id", "TRIBUTARY_MODELS": "[last_touch, linear]",
      "TRIBUTARY_VIEWS":
        "[{name: logins_10s, dimensions: [goal, account_id], period: 10s}, "
        + "{name: campaign_goals, dimensions: [campaign_id, goal, country], period: 5m}, "
        + "{name: by_touch, dimensions: [country, goal], period: 1h, bucket_conversions_by: touch}]",
    ])
    let database = try TestDatabase(.sqlite)
    defer { database.remove() }
    func run(_ arguments: String...) throws -> String {
      let result = try cluster.program.run(arguments: arguments)
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      return result.output
    }
    _ = try run(
      "generate", "--profile", "dense", "--events", "6000", "--seed", "3", "--late", "0.05",
      "--costs", "--start",
      "2026-01-05T08:00:00Z", "--users", "300")
    _ = try run("run", "--exit-at-end")
    _ = try run("verify", "--all")

    // The report of a goal is a part of the report of all of them.
    func credits(_ arguments: String...) throws -> [String: Double] {
      let day = ["report", "--day", "2026-01-05", "--provisional", "--format", "csv"]
      let result = try cluster.program.run(arguments: day + arguments)
      #expect(result.status == 0, "\(result.errors)")
      let lines = result.output.split(separator: "\r\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      let column = try #require(lines[0].firstIndex(of: "conversions"))
      let pairs = lines.dropFirst().map {
        ($0[4] == "total" ? "total" : String($0[5]), Double($0[column]) ?? 0)
      }
      return Dictionary(uniqueKeysWithValues: pairs)
    }
    let goals = try credits("--by", "goal")
    #expect(goals.count > 3 && goals["total"]! > 50 && goals["goal-1"]! > 0)
    for goal in ["goal-1", "17"] {
      let part = try credits("--by", "campaign", "--where", "goal=\(goal)")
      #expect(part["total"] == goals[goal], "\(goal)")
      #expect(part["(unattributed)"] ?? 0 > 0)
    }
    let two = try credits("--by", "country", "--where", "goal=goal-1", "--where", "goal=17")
    #expect(two["total"] == goals["goal-1"]! + goals["17"]!)
    let accounts = try credits("--by", "account_id")
    #expect(accounts["total"] == goals["total"] && accounts["account_id-1"]! > 0)
    #expect(accounts["(unattributed)"] == nil || accounts.count > 3)

    // The tables have the same digits.
    _ = try run("sink", "--to", database.address, "--exit-at-end")
    let sum = try database.ask(
      """
      SELECT sum(conversions_last_touch_micros) FROM rollups
      WHERE view = 'campaign_goals' AND goal = 'goal-1';
      """)
    #expect(Double(sum.dropLast()).map { $0 / 1_000_000 } == goals["goal-1"])
    #expect(
      try database.ask(
        "SELECT count(*) > 0, sum(clicks) = 0 FROM rollups WHERE view = 'by_touch' AND goal <> '';")
        == "1|1\n")

    let table = try run(
      "tail", "--once", "--view", "campaign_goals", "--by", "country", "--where", "goal=goal-1",
      "--windows", "2000")
    #expect(table.contains("country-1") && table.contains("goal=goal-1"), "\(table)")

    for (arguments, message) in [
      (["--by", "shop"], #"there is no dimension "shop""#),
      (["--where", "goal"], "--where goal is no condition"),
      (["--by", "ad"], "no view is by ad_id"),
    ] {
      let result = try cluster.program.run(
        arguments: ["report", "--day", "2026-01-05", "--provisional"] + arguments)
      #expect(result.status != 0 && result.errors.contains(message), "\(result.errors)")
    }
  }
}
