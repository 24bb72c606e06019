import Foundation
import TestServers
import Testing

/// Two dashboards over one topic, one with everything in memory and one with its past on disk, and the report.
@Suite(.serialized) struct ServeHistoryTests {
  private static let days = ["2026-01-29", "2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"]

  private let cluster: Cluster
  private let folder: TemporaryFolder

  init() throws {
    cluster = try Cluster([
      "TRIBUTARY_MODELS": "[last_touch, linear]",
      "TRIBUTARY_VIEWS":
        "[{name: campaign_5m, dimensions: [campaign_id], period: 5m}, "
        + "{name: both_1h, dimensions: [campaign_id, channel], period: 1h}]",
    ])
    folder = try TemporaryFolder()
  }

  private func run(_ arguments: String...) throws -> String {
    let result = try cluster.program.run(arguments: arguments)
    try #require(result.status == 0, "\(arguments): \(result.errors)")
    return result.output
  }

  private func generate(seed: Int, _ days: ArraySlice<String>) throws {
    for (number, day) in days.enumerated() {
      _ = try run(
        "generate", "--profile", "dense", "--events", "2000", "--seed", "\(seed + number)",
        "--start", "\(day)T05:00:00Z", "--users", "200", "--malformed", "0", "--costs", "--late",
        "0.05")
    }
    _ = try run("run", "--exit-at-end")
  }

  /// A server, once it is ready.
  private func serve(_ name: String, _ arguments: [String]) throws -> (Process, Scrape) {
    let process = try cluster.program.start(
      ["serve", "--port", "0"] + arguments, outputFolder: folder.make(name))
    let server = Scrape(address: try Scrape.address(in: folder, "\(name)/output"))
    for _ in 0..<200 where try server.get("/readyz").status != 200 { usleep(50_000) }
    return (process, server)
  }

  private var historical: [String] {
    ["--since", "1d", "--history-dir", folder.url.appendingPathComponent("state").path]
  }

  private static let questions = [
    "summary?", "summary?last=86400", "summary?from=2026-01-29&to=2026-02-01",
    "rollups?view=campaign_5m&unit=window&by=none",
    "rollups?view=campaign_5m&unit=hour&limit=10000",
    "rollups?view=both_1h&unit=day&timezone=Europe/Berlin&from=2026-01-30&to=2026-02-01&by=channel",
    "rollups?view=both_1h&from=2026-01-30&to=2026-02-01&timezone=Asia/Kolkata",
    "rollups?view=both_1h&by=campaign_id,channel&sort=revenue&limit=7",
    "rollups?view=both_1h&unit=window&where=channel=email&from=2026-01-29T05:00:00Z&to=2026-01-30T07:00:00Z",
    "rollups?view=campaign_5m&unit=window&from=2026-01-29",
    "rollups?view=campaign_5m&unit=window&limit=0",
  ]

  /// Both answer alike within some seconds: one may have read further than the other.
  private func expectAgreement(
    _ memory: Scrape, _ history: Scrape, _ place: SourceLocation = #_sourceLocation
  ) throws {
    /// But for the clock.
    func answers(_ server: Scrape) throws -> [String] {
      try Self.questions.map { question in
        let answer = try server.get("/api/\(question)")
        return "\(answer.status) \(answer.body)".replacing(#/"behind_ms":-?\d+/#, with: "")
      }
    }
    var (wanted, found) = (try answers(memory), try answers(history))
    for _ in 0..<100 where wanted != found {
      usleep(100_000)
      (wanted, found) = (try answers(memory), try answers(history))
    }
    for (index, question) in Self.questions.enumerated() {
      #expect(found[index] == wanted[index], "\(question)", sourceLocation: place)
    }
  }

  @Test func whatLiesOnDiskIsAnsweredAsIfItWereInMemory() throws {
    try generate(seed: 5, Self.days.prefix(4))
    let (first, memory) = try serve("memory", ["--since", "all"])
    var (second, history) = try serve("history", historical)
    defer {
      for process in [first, second] {
        process.terminate()
        _ = process.wait(seconds: 15)
      }
    }
    try expectAgreement(memory, history)

    // The next day pushes another to the disk, and a deleted click corrects one that is there.
    try generate(seed: 50, Self.days.suffix(1))
    try expectAgreement(memory, history)
    try expectAgreement(ofReportsWith: history)

    // A restart reads what it has written, and nothing of the topic.
    second.terminate()
    #expect(second.wait(seconds: 15))
    (second, history) = try serve("again", historical)
    try expectAgreement(memory, history)
    let metrics = try history.metrics()
    let held = try #require(metrics["tributary_rollups"])
    let stored = try #require(metrics["tributary_history_rollups"])
    #expect(stored > held && held > 0, "\(stored) on disk, \(held) in memory")
    let bytes = try #require(metrics["tributary_history_bytes"])
    #expect(bytes > 0)
    #expect(metrics["tributary_history_failing"] == 0)
    let all = try memory.metrics()["tributary_rollups"]
    #expect(all == stored + held)
    #expect(folder.text("again/errors").isEmpty)

    // A kill loses nothing either.
    kill(second.processIdentifier, SIGKILL)
    second.waitUntilExit()
    (second, history) = try serve("killed", historical)
    try expectAgreement(memory, history)

    // Topics that are started anew under both.
    _ = try run("reset", "--yes", "--ignore-members")
    _ = try run("run", "--exit-at-end")
    try expectAgreement(memory, history)
    second.terminate()
    #expect(second.wait(seconds: 15))
    _ = try run("reset", "--yes", "--ignore-members")
    _ = try run("run", "--exit-at-end")
    (second, history) = try serve("anew", historical)
    #expect(folder.text("anew/errors").contains("is made anew: it is of the past"))
    try expectAgreement(memory, history)
  }

  /// Report and API have the same digits of a range, a month, a day of another zone, and the period before; and refuse
  /// the same days.
  private func expectAgreement(ofReportsWith server: Scrape) throws {
    func report(_ arguments: [String]) throws -> (error: String, lines: [[String: Any]]) {
      let result = try cluster.program.run(
        arguments: ["report", "--json", "--model", "last_touch", "--view", "both_1h"] + arguments)
      let json = try? JSONSerialization.jsonObject(with: Data(result.output.utf8))
      return (result.errors, (json as? [String: Any])?["lines"] as? [[String: Any]] ?? [])
    }
    /// Clicks, spend and revenue by names.
    func numbers(
      _ rows: [[String: Any]], _ names: ([String: Any]) -> [String: Any],
      _ revenue: ([String: Any]) -> Any?, suffix: String = ""
    ) -> [[String]: [String]] {
      Dictionary(
        uniqueKeysWithValues: rows.map { row in
          let names = names(row)
          return (
            ["campaign_id", "channel"].map { "\(names[$0] ?? "")" },
            [row["clicks" + suffix], row["spend" + suffix], revenue(row)].map { "\($0 ?? "none")" }
          )
        })
    }
    func ofReport(_ lines: [[String: Any]], suffix: String = "") -> [[String]: [String]] {
      numbers(
        lines, { $0 }, { $0["revenue_last_touch" + suffix] ?? $0["revenue" + suffix] },
        suffix: suffix)
    }
    func ofAPI(_ query: String) throws -> [[String]: [String]] {
      let answer = try server.get("/api/rollups?view=both_1h&limit=10000&\(query)")
      #expect(answer.status == 200, "\(answer.body)")
      let json = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
      return numbers(
        json?["rows"] as? [[String: Any]] ?? [], { $0["dimensions"] as? [String: Any] ?? [:] },
        { (($0["models"] as? [String: Any])?["last_touch"] as? [String: Any])?["revenue"] })
    }
    let both = ["--by", "campaign,channel"]
    for (arguments, query) in [
      (["--from", "2026-01-29", "--to", "2026-01-31"] + both, "from=2026-01-29&to=2026-02-01"),
      (["--month", "2026-01"] + both, "from=2026-01-01&to=2026-02-01"),
      (["--month", "2026-01"], "from=2026-01-01&to=2026-02-01&by=campaign_id"),
      (
        ["--day", "2026-01-30", "--timezone", "Europe/Berlin"] + both,
        "from=2026-01-30&to=2026-01-31&timezone=Europe/Berlin"
      ),
    ] {
      let report = try report(arguments)
      #expect(report.lines.count > 3, "\(report.error)")
      let rows = try ofAPI(query)
      #expect(ofReport(report.lines) == rows, "\(query)")
    }
    let compared = try report(["--day", "2026-01-31", "--compare", "previous"] + both).lines
    for (names, numbers) in try ofAPI("from=2026-01-30&to=2026-01-31") {
      let previous = ofReport(compared, suffix: "_previous")[names]
      #expect(previous == numbers, "\(names)")
    }
    // Hours do not fit days of India: neither sums 25 of them.
    let refused = try report(["--day", "2026-01-30", "--timezone", "Asia/Kolkata"] + both)
    #expect(refused.lines.isEmpty && refused.error.contains("both_1h"), "\(refused.error)")
    let answer = try server.get(
      "/api/rollups?view=both_1h&from=2026-01-30&to=2026-01-31&timezone=Asia/Kolkata")
    #expect(answer.status == 400 && answer.body.contains("both_1h"), "\(answer.body)")
  }
}
