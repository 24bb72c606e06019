import BrokerKit
import Foundation
import Kafka
import TestServers
import Testing

/// `sink --tables ad_metrics` and `star` over traffic with duplicates, late events and versions.
@Suite(.serialized) struct TableTests {
  private static let sets = ["ad_metrics", "star", "rollups"]
  private static let days = ["2026-01-04", "2026-01-05"]

  private func makeCluster() throws -> Cluster {
    var cluster = try Cluster([
      "TRIBUTARY_MODELS": "[last_touch, linear]",
      "TRIBUTARY_VIEWS":
        "[{name: channel_5m, dimensions: [channel], period: 5m}, "
        + "{name: ad_1h, dimensions: [ad_id], period: 1h}]",
      "TRIBUTARY_TOPICS_ACCEPTED": LocalBroker.uniqueName("accepted"),
    ])
    // Members that leave their group when they end, so that a backfill can take their place.
    cluster.program.environment["TRIBUTARY_INSTANCE_ID"] = ""
    return cluster
  }

  private func run(_ cluster: Cluster, _ arguments: String...) throws {
    let result = try cluster.program.run(arguments: arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
  }

  private func addTraffic(
    to cluster: Cluster, seed: Int, events: Int = 4_000, start: String = "2026-01-04T23:45:00Z"
  ) throws {
    try run(
      cluster, "generate", "--profile", "dense", "--events", "\(events)", "--seed", "\(seed)",
      "--late", "0.05",
      "--costs",
      "--start", start, "--users", "900", "--version-rate", "0.2",
      "--duplicates", "0.1")
    try run(cluster, "run", "--exit-at-end")
  }

  private func sink(_ cluster: Cluster, into databases: [TestDatabase]) throws {
    for database in databases {
      for tables in Self.sets {
        try run(cluster, "sink", "--to", database.address, "--tables", tables, "--exit-at-end")
      }
    }
  }

  /// Starts sinks and kills them, at one moment after the other.
  private func sinkAndKill(_ cluster: Cluster, _ database: TestDatabase) throws -> Int {
    let folder = try TemporaryFolder()
    var interrupted = 0
    for (index, delay) in [120, 250].enumerated() {
      let process = try cluster.program.start(
        ["sink", "--to", database.address, "--tables", Self.sets[index % 2], "--exit-at-end"],
        outputFolder: folder.make("\(index)"))
      usleep(UInt32(delay) * 1_000)
      if process.isRunning { interrupted += 1 }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    return interrupted
  }

  @Test func tablesHoldWhatTheReportHoldsHoweverOftenTheSinkIsKilled() throws {
    let cluster = try makeCluster()
    let databases = try TestDatabase.Kind.allCases.map { try TestDatabase($0) }
    defer { for database in databases { database.remove() } }
    var interrupted = 0
    for seed in [5, 6] {
      try addTraffic(to: cluster, seed: seed)
      for database in databases { interrupted += try sinkAndKill(cluster, database) }
      try sink(cluster, into: databases)
    }
    #expect(interrupted >= 2, "the sinks were done before they could be killed")
    let reports = try readReports(of: cluster)
    for database in databases {
      try expectTheViewsUsers(in: database)
      try expect(reports, in: database)
      try expectAnswers(from: database)
    }
    // After a reset the same traffic comes out in the same tables.
    let before = try databases.map(contents)
    try run(cluster, "reset", "--yes", "--ignore-members")
    try run(cluster, "run", "--exit-at-end")
    try sink(cluster, into: databases)
    #expect(try databases.map(contents) == before)

    // A week later the same days get more traffic: too late, until a backfill counts it, into every table.
    try addTraffic(to: cluster, seed: 7, events: 500, start: "2026-01-12T12:00:00Z")
    try addTraffic(to: cluster, seed: 8, events: 1_500)
    try run(cluster, "backfill", "--from", "2026-01-04", "--to", "2026-01-05")
    try sink(cluster, into: databases)
    #expect(
      try zip(databases.map(contents), before).allSatisfy { $0[1] != $1[1] && $0[2] != $1[2] })
    let restated = try readReports(of: cluster)
    #expect(restated != reports)
    for database in databases {
      try expectTheViewsUsers(in: database)
      try expect(restated, in: database)
    }
    try run(cluster, "verify")
  }

  /// What the tables hold, but for revisions and what was late, which depend on when things came.
  private func contents(_ database: TestDatabase) throws -> [String] {
    try [
      "SELECT * FROM ad_metrics ORDER BY ad_id, hour",
      "SELECT * FROM users ORDER BY ad_id, hour, user_id",
      "SELECT kind, event_id, date, campaign_id, cost_micros FROM fact_touches ORDER BY 1, 2, 3",
      "SELECT conversion_id, date, value_micros FROM fact_conversions ORDER BY 1, 2",
      "SELECT event_id, date, amount_micros FROM fact_costs ORDER BY 1, 2",
      "SELECT * FROM fact_credits ORDER BY conversion_id, model, position",
      "SELECT view, window_start, channel, ad_id, clicks, users FROM rollups ORDER BY 1, 2, 3, 4",
    ].map { try database.ask($0 + ";") }
  }

  /// Users and hours against the rollups, which count them exactly by themselves.
  private func expectTheViewsUsers(in database: TestDatabase) throws {
    let differences = try database.ask(
      """
      WITH counted AS (
        SELECT ad_id, hour, count(*) AS users, sum(touches) AS touches FROM users GROUP BY ad_id, hour
      ), kept AS (
        SELECT ad_id, window_start AS hour, impressions, clicks, sessions, users FROM rollups
        WHERE view = 'ad_1h' AND impressions + clicks > 0
      )
      SELECT count(*), sum(CASE WHEN counted.users = kept.users
        AND touches = impressions + clicks AND total_impressions = impressions
        AND total_clicks = clicks AND total_sessions = sessions THEN 0 ELSE 1 END)
      FROM kept LEFT JOIN counted ON counted.ad_id = kept.ad_id AND counted.hour = kept.hour
      LEFT JOIN ad_metrics ON ad_metrics.ad_id = kept.ad_id AND ad_metrics.hour = kept.hour;
      """
    ).split(separator: "|")
    #expect(try database.ask("SELECT count(*) FROM ad_metrics;") == "\(differences[0])\n")
    #expect(
      try database.ask("SELECT count(*) FROM (SELECT DISTINCT ad_id, hour FROM users) AS t;")
        == "\(differences[0])\n")
    #expect(Int(differences[0])! > 20)
    #expect(differences[1] == "0\n", "\(database)")
  }

  /// Of a channel's line: spend, conversions, revenue; lines of zeros are left out.
  private typealias Sums = [String: [String]]

  /// By day and model, the lines of channels, fields separated.
  private func readReports(of cluster: Cluster) throws -> [String: [[String]]] {
    var reports: [String: [[String]]] = [:]
    for day in Self.days {
      for model in ["last_touch", "linear"] {
        let report = try cluster.program.run(
          "report", "--day", day, "--by", "channel", "--model", model, "--provisional", "--format",
          "csv")
        #expect(report.status == 0, "\(report.errors)")
        reports["\(day) \(model)"] = report.output.split(separator: "\r\n").dropFirst().dropLast()
          .map {
            $0.split(separator: ",", omittingEmptySubsequences: false).dropFirst(5).map(String.init)
          }
      }
    }
    return reports
  }

  private func expect(_ reports: [String: [[String]]], in database: TestDatabase) throws {
    for (day, next) in zip(Self.days, ["2026-01-05", "2026-01-06"]) {
      let range = ["from": day, "to": next]
      var found: [String: Sums] = [:]
      for row in try Question.rows("star/roas_by_channel_and_model", database, range)
      where !Self.isEmpty(row[2...4]) { found[row[0], default: [:]][row[1]] = Array(row[2...4]) }
      let traffic = try Question.rows("star/traffic_by_channel", database, range)
      for model in ["last_touch", "linear"] {
        let lines = try #require(reports["\(day) \(model)"])
        var expected: Sums = [:]
        for line in lines {
          let sums = [line[4], line[6], line[9]]
          if !Self.isEmpty(sums[...]) { expected[line[0]] = sums }
        }
        #expect(expected.count >= 3)
        #expect(found[model] == expected, "\(database) \(day) \(model)")
        #expect(
          Dictionary(uniqueKeysWithValues: traffic.map { ($0[0], [$0[1], $0[2]]) })
            == Dictionary(
              uniqueKeysWithValues: lines.filter { $0[1] != "0" || $0[2] != "0" }.map {
                ($0[0], [$0[1], $0[2]])
              }), "\(database) \(day)")
      }
      // However the conversions are looked at, they are all there.
      let total = try database.ask(
        """
        SELECT count(*), sum(value_micros) FROM fact_conversions
        WHERE date >= '\(day)' AND date < '\(next)';
        """)
      for question in ["time_to_convert", "new_and_returning", "paths_to_conversion"] {
        let rows = try Question.rows("star/\(question)", database, range)
        let sums = rows.reduce(into: (0, Int64(0))) { sums, row in
          sums.0 += Int(row[row.count - (question == "time_to_convert" ? 3 : 2)])!
          sums.1 += Question.micros(row.last!)
        }
        #expect("\(sums.0)|\(sums.1)\n" == total, "\(database) \(question) \(day)")
      }
    }
  }

  private static func isEmpty(_ sums: ArraySlice<String>) -> Bool {
    sums.allSatisfy { $0 == "0.000000" }
  }

  /// Every question has an answer, and those that add up to a total agree on it.
  private func expectAnswers(from database: TestDatabase) throws {
    let ad = try database.ask(
      "SELECT ad_id FROM ad_metrics GROUP BY ad_id ORDER BY sum(total_clicks) DESC, ad_id LIMIT 1;"
    ).trimmingCharacters(in: .newlines)
    let parameters = [
      "from": "2026-01-04T00:00:00Z", "to": "2026-01-05T12:00:00Z", "zone": "Europe/Berlin",
      "ad": ad,
    ]
    let names = try Question.names("ad_metrics", database.kind)
    #expect(names.count == 23)
    // Where impressions stand, in questions that have all of them.
    let places = [
      "04_totals": 1, "05_by_hour": 1, "06_by_day": 1, "07_by_ad": 1,
      "13_hours_of_the_day": 1, "14_heat_map": 2,
    ]
    let total = try database.ask("SELECT sum(total_impressions) FROM ad_metrics;")
    for name in names {
      let rows = try Question.rows("ad_metrics/\(name)", database, parameters)
      // Traffic this small has no ad without a click or with so many impressions, and no spike.
      let mayBeEmpty = [
        "10_highest_ctr", "11_lowest_ctr", "12_without_clicks", "18_silent", "19_spikes",
      ]
      #expect(!rows.isEmpty || mayBeEmpty.contains(name), "\(database) \(name)")
      guard let place = places[name] else { continue }
      #expect(
        "\(rows.reduce(0) { $0 + (Int($1[place]) ?? 0) })\n" == total, "\(database) \(name)")
    }
  }

  @Test func recordsThatAreGoneBeforeTheyWereReadAreMissed() throws {
    let cluster = try makeCluster()
    let database = try TestDatabase(.sqlite)
    defer { database.remove() }
    let arguments = ["sink", "--to", database.address, "--tables", "ad_metrics", "--exit-at-end"]
    try addTraffic(to: cluster, seed: 1, events: 200)
    try run(cluster, "sink", "--to", database.address, "--tables", "ad_metrics", "--exit-at-end")
    try addTraffic(to: cluster, seed: 2, events: 500)
    let accepted = try #require(cluster.configuration.topics.accepted)
    let ends = try cluster.records(of: accepted).reduce(into: [TopicPartition: Int64]()) {
      $0[TopicPartition(topic: accepted, partition: $1.partition), default: 0] += 1
    }
    try cluster.makeAdmin().deleteRecords(before: ends, timeoutMilliseconds: 10_000)
    let refused = try cluster.program.run(arguments: arguments)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("begins at offset") && refused.errors.contains("--start-again"))
    let again = try cluster.program.run(arguments: arguments + ["--start-again"])
    #expect(again.status == 0, "\(again.errors)")
    #expect(try database.ask("SELECT count(*) > 0 FROM ad_metrics;") == "1\n")
  }

  @Test func whatTheConfigurationLacksIsNamedWithTheLinesToAdd() throws {
    let program = Program(environment: ["TRIBUTARY_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    var result = try program.run("sink", "--to", "sqlite:/no/such/file", "--tables", "ad_metrics")
    #expect(result.status == 2)
    #expect(
      result.errors.contains(
        "under `views` the line `- {name: ad_1h, dimensions: [ad_id], period: 1h}`"))
    #expect(result.errors.contains("under `topics` the line `accepted: accepted`"))
    #expect(result.errors.split(separator: "\n").count == 1)
    result = try program.run(
      "sink", "--to", "sqlite:/no/such/file", "--tables", "star", "-s", "topics.accepted=x",
      "--print-schema")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("CREATE TABLE fact_credits ("))
    result = try program.run("sink", "--to", "sqlite:/no/such/file", "--tables", "star")
    #expect(result.status == 2)
    #expect(!result.errors.contains("`views`"))
  }
}
