import Foundation
import TestServers
import Testing

/// Several days through every reader: report, API, tables and files show the same sums.
@Suite(.serialized) struct RangeTests {
  private static let days = ["2026-01-30", "2026-01-31", "2026-02-01"]

  private struct Table {
    let header: [String]
    let rows: [[String]]

    init(_ csv: String) {
      let lines = csv.split(separator: "\r\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      header = lines[0]
      rows = Array(lines.dropFirst())
    }

    func column(_ name: String) -> Int { header.firstIndex(of: name)! }

    /// Numbers of each line, in millionths or as they are, by kind and names.
    func sums(_ columns: [String], by names: [String]) -> [[String]: [Int64]] {
      var sums: [[String]: [Int64]] = [:]
      for row in rows {
        let key = (["line"] + names).map { row[column($0)] }
        sums[key] = columns.map { name in
          let digits = row[column(name)].replacing(".", with: "")
          return Int64(digits) ?? 0
        }
      }
      return sums
    }
  }

  @Test func aRangeIsTheSumOfItsDaysInEveryReader() throws {
    let cluster = try Cluster([
      "TRIBUTARY_MODELS": "[last_touch, linear]",
      "TRIBUTARY_VIEWS":
        "[{name: campaign_5m, dimensions: [campaign_id], period: 5m}, "
        + "{name: both_1h, dimensions: [campaign_id, channel], period: 1h}]",
    ])
    let database = try TestDatabase(.sqlite)
    defer { database.remove() }
    let folder = try TemporaryFolder()
    func run(_ arguments: String..., fails message: String? = nil) throws -> String {
      let result = try cluster.program.run(arguments: arguments)
      #expect(result.status == (message == nil ? 0 : 1), "\(arguments): \(result.errors)")
      if let message { #expect(result.errors.contains(message), "\(result.errors)") }
      return result.output
    }
    for (number, day) in Self.days.enumerated() {
      _ = try run(
        "generate", "--profile", "dense", "--events", "3000", "--seed", "\(number + 5)", "--start",
        "\(day)T05:00:00Z",
        "--users", "300", "--malformed", "0", "--costs")
    }
    _ = try run("run", "--exit-at-end")
    // The last day is over when the next has begun.
    let late = try run(
      "report", "--from", "2026-01-30", "--to", "2026-02-01", fails: "is not final yet")
    #expect(late.isEmpty)
    _ = try run(
      "generate", "--profile", "dense", "--events", "300", "--seed", "9", "--start",
      "2026-02-02T05:00:00Z", "--users",
      "50", "--malformed", "0")
    _ = try run("run", "--exit-at-end")

    let columns =
      ["impressions", "clicks", "spend"]
      + ["last_touch", "linear"].flatMap { ["conversions_\($0)", "revenue_\($0)"] }
    let names = ["campaign_id", "channel"]
    func report(_ arguments: String...) throws -> Table {
      let common = ["report", "--format", "csv", "--compare-models", "--by", "campaign,channel"]
      let result = try cluster.program.run(arguments: common + arguments)
      #expect(result.status == 0, "\(result.errors)")
      return Table(result.output)
    }
    let range = try report("--from", Self.days[0], "--to", Self.days[2])
    let whole = range.sums(columns, by: names)
    var sums: [[String]: [Int64]] = [:]
    for day in Self.days {
      for (key, numbers) in try report("--day", day).sums(columns, by: names) {
        let known = sums[key] ?? columns.map { _ in 0 }
        sums[key] = zip(known, numbers).map(+)
      }
    }
    #expect(whole == sums && whole.count > 20)
    let total = try #require(whole[["total", "", ""]])
    #expect(total[1] > 100 && total[3] > 1_000_000)

    let month = try report("--month", "2026-01")
    let january = try report("--from", Self.days[0], "--to", Self.days[1])
    #expect(month.sums(columns, by: names) == january.sums(columns, by: names))
    let compared = try report(
      "--day", Self.days[2], "--compare", "previous", "--compare", "models")
    #expect(compared.rows[0][compared.column("previous_from")] == Self.days[1])
    let before = try report("--day", Self.days[1]).sums(columns, by: names)
    let previous = compared.sums(columns.map { $0 + "_previous" }, by: names)
    for (key, numbers) in before { #expect(previous[key] == numbers, "\(key)") }
    let difference = compared.sums(["revenue_linear_minus_last_touch"], by: names)
    #expect(difference[["total", "", ""]] == [0] && difference.contains { $0.value != [0] })

    // Tables and files.
    _ = try run("sink", "--to", database.address, "--exit-at-end")
    let rows = try database.ask(
      """
      SELECT replace(campaign_id, '|', '!'), channel, sum(impressions), sum(clicks), sum(spend_micros), \
      sum(conversions_last_touch_micros), sum(revenue_last_touch_micros), \
      sum(conversions_linear_micros), sum(revenue_linear_micros) FROM rollups WHERE view = 'both_1h' \
      AND window_start >= '2026-01-30' AND window_start < '2026-02-02' GROUP BY 1, 2;
      """)
    var table: [[String]: [Int64]] = [:]
    for row in rows.split(separator: "\n") {
      let cells = row.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
      let kind = cells[0] == "(unattributed)" ? "unattributed" : "item"
      table[[kind] + cells[..<2]] = cells[2...].map { Int64($0) ?? -1 }
    }
    var items = whole
    items[["total", "", ""]] = nil
    // The database's shell puts bars between columns.
    let named = items.map { ($0.key.map { $0.replacing("|", with: "!") }, $0.value) }
    #expect(table == Dictionary(uniqueKeysWithValues: named))

    let days = ["--from", Self.days[0], "--to", Self.days[2]]
    func export(_ state: String) throws {
      let result = try cluster.program.run(
        arguments: ["export", folder.url.path, "--view", "both_1h"] + days)
      #expect(result.status == 0, "\(result.errors)")
      let lines = result.output.split(separator: "\n").dropFirst()
      #expect(
        lines.count == 3 && lines.allSatisfy { $0.contains("  \(state)  ") }, "\(result.output)")
    }
    try export("written")
    try export("unchanged")
    var files: [[String]: [Int64]] = [:]
    for day in Self.days {
      let path = folder.url.appendingPathComponent("rollups-\(day).csv").path
      let file = Table(try String(contentsOfFile: path, encoding: .utf8))
      for row in file.rows {
        let kind = row[3] == "(unattributed)" ? "unattributed" : "item"
        let numbers = columns.map { name -> Int64 in
          Int64(row[file.column(name)].replacing(".", with: ""))!
        }
        let key = [kind, row[3], row[4]]
        files[key] = zip(files[key] ?? columns.map { _ in 0 }, numbers).map(+)
      }
    }
    #expect(files == items)
    _ = try run(
      "export", folder.url.path, "--from", Self.days[2], "--to", "2026-02-09", "--format", "jsonl",
      fails: "are not final yet; run the same command again later")
    #expect(
      FileManager.default.fileExists(
        atPath: folder.url.appendingPathComponent("rollups-\(Self.days[2]).jsonl").path))
  }

  @Test func wrongQuestionsAreWrongUsage() throws {
    for (arguments, message) in [
      ([], "Say which days: --day, or --from and --to, or --month."),
      (["--day", "2026-01-05", "--month", "2026-01"], "Say which days"),
      (["--from", "2026-01-05"], "--from and --to belong together"),
      (["--from", "2026-01-05", "--to", "2026-01-04"], "--to must not be before --from."),
      (["--month", "2026-13"], "--month 2026-13 is no month such as 2026-01, this or last."),
      (
        ["--month", "last", "--by", "campaign,campaign"],
        "--by campaign,campaign names a dimension twice."
      ),
      (["--month", "last", "--csv", "raw", "--json"], "--csv says how to write CSV"),
      (
        ["--month", "last", "--model", "last_touch,nope"], "the configuration has no model \"nope\""
      ),
      (["--month", "last", "--compare", "models"], "--compare models takes two models at least"),
      (["--month", "last", "--by", "campaign,"], "there is no dimension \"\""),
    ] {
      let result = try Program().run(arguments: ["report"] + arguments)
      #expect(
        result.status == 2 && result.errors.contains(message), "\(arguments): \(result.errors)")
    }
  }
}
