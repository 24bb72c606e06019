import Foundation
import SQLite
import Synchronization
import Testing

@testable import Journeys

/// `tributary journeys` as a process: killed and started again, its exit codes, and where the key is.
@Suite struct ProgramTests {
  private static let program: URL = {
    let arguments = ProcessInfo.processInfo.arguments
    let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? arguments[0]
    return URL(fileURLWithPath: bundle).deletingLastPathComponent()
      .appendingPathComponent("tributary")
  }()

  private let folder: TemporaryFolder
  private var database: String { folder.path("shop.sqlite") }

  init() throws {
    folder = try TemporaryFolder()
  }

  private func start(_ arguments: [String], key: String? = StubRun.key) throws -> Process {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = ["journeys"] + arguments
    process.environment = ["NO_PROXY": "127.0.0.1", "TMPDIR": folder.url.path]
    process.environment?[APIKey.variable] = key
    process.standardInput = FileHandle.nullDevice
    for (name, isOutput) in [("output", true), ("errors", false)] {
      try Data().write(to: URL(fileURLWithPath: folder.path(name)))
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path(name)))
      if isOutput { process.standardOutput = file } else { process.standardError = file }
    }
    try process.run()
    return process
  }

  @discardableResult
  private func run(
    _ arguments: String..., key: String? = StubRun.key
  ) throws -> (status: Int32, output: String, errors: String) {
    let process = try start(arguments, key: key)
    process.waitUntilExit()
    return (process.terminationStatus, text("output"), text("errors"))
  }

  private func text(_ name: String) -> String {
    (try? String(contentsOfFile: folder.path(name), encoding: .utf8)) ?? ""
  }

  private func count(_ sql: String) throws -> Int64 {
    try SQLiteDatabase(database, .existing).run(sql)[0][0]
  }

  @Test func killedAtAnyMomentARunGoesOnBehindWhatWasAnswered() throws {
    try run("generate", "--database", database, "--seed", "8", "--conversions", "300")
    let journeys = try count("SELECT count(*) FROM conversions")
    let api = try StubAPI { request in
      Thread.sleep(forTimeInterval: 0.02)
      return StubAPI.right(request)
    }
    defer { api.stop() }
    let attribute = [
      "attribute", "--database", database, "--url", api.url, "--conv-type-id", "t",
      "--max-journeys", "5", "--max-sessions", "40", "--json",
    ]
    var stored: Set<String> = []
    var seen = 0
    for kill in 1...4 {
      let process = try start(attribute)
      while api.requests.count < seen + 6 * kill, process.isRunning { usleep(1_000) }
      Glibc.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      #expect(process.terminationReason == .uncaughtSignal)
      // Nothing of what was stored before this run was sent in it.
      for request in api.requests.dropFirst(seen) {
        #expect(stored.isDisjoint(with: request.journeys.keys))
      }
      seen = api.requests.count
      stored = try storedConversions()
    }
    #expect(!stored.isEmpty && stored.count < journeys)
    let process = try start(attribute)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text("errors"))")
    for request in api.requests.dropFirst(seen) {
      #expect(stored.isDisjoint(with: request.journeys.keys))
    }
    #expect(text("output").contains("\"answered_before\":\(stored.count),"))
    #expect(try storedConversions().count == journeys)
    #expect(
      try count(
        """
        SELECT count(*) FROM (SELECT conv_id FROM attribution_customer_journey GROUP BY conv_id
        HAVING abs(sum(ihc) - 1) > 1e-6)
        """) == 0)
    // Nothing is left to send.
    seen = api.requests.count
    let again = try start(attribute)
    again.waitUntilExit()
    #expect(again.terminationStatus == 0)
    #expect(api.requests.count == seen)
  }

  private func storedConversions() throws -> Set<String> {
    let file = try SQLiteDatabase(database, .existing)
    guard try SQLiteResults(file).isPrepared() else { return [] }
    let statement = try file.prepare(
      "SELECT DISTINCT conv_id FROM attribution_customer_journey")
    var ids: Set<String> = []
    while try statement.step() { ids.insert(statement.string(0)!) }
    return ids
  }

  @Test func whatIsLeftOutEndsWithExitCodeOneAndCounts() throws {
    try run("generate", "--database", database, "--seed", "9", "--conversions", "50")
    let api = try StubAPI()
    defer { api.stop() }
    let result = try run(
      "attribute", "--database", database, "--url", api.url, "--conv-type-id", "t",
      "--max-sessions", "1")
    #expect(result.status == 1)
    #expect(result.errors.contains(" is left out: its journey has "))
    #expect(
      result.errors.contains(
        " journeys were left out, 0 refused, 0 failed and 0 not sent; 0 parts of answers were not"))
    // The rest is stored and reported.
    #expect(try count("SELECT count(*) FROM channel_reporting") > 0)
  }

  @Test func theKeyIsInNoOutputWhateverTheAnswer() throws {
    try run("generate", "--database", database, "--conversions", "3")
    let api = try StubAPI { request in .answer(401, "bad key \(request.headers["x-api-key"]!)") }
    defer { api.stop() }
    let result = try run(
      "attribute", "--database", database, "--url", api.url, "--conv-type-id", "t", "--log-level",
      "trace")
    #expect(result.status == 1)
    #expect(result.errors.contains("answered 401: bad key …"))
    #expect(!(result.output + result.errors).contains(StubRun.key))
    let without = try run(
      "attribute", "--database", database, "--url", api.url, "--conv-type-id", "t", key: nil)
    #expect(without.status == 1)
    #expect(
      without.errors == "tributary: the API needs a key; set TRIBUTARY_JOURNEYS_API_KEY or pass "
        + "--api-key-file\n")
  }

  @Test func aDryRunChangesNothing() throws {
    try run("generate", "--database", database, "--conversions", "40")
    let before = try Data(contentsOf: URL(fileURLWithPath: database))
    let result = try run(
      "attribute", "--database", database, "--dry-run", "--json", "--max-journeys", "10", key: nil)
    #expect(result.status == 0)
    #expect(result.output.contains("\"requests\":"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == before)
  }

  @Test func exportIsOneDocumentAndItsTrainingSampleReproducible() throws {
    try run("generate", "--database", database, "--conversions", "100")
    let all = try run("export", "--database", database)
    #expect(all.status == 0)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(all.output.utf8)) as? [String: [[String: Any]]])
    let sessions = try #require(object["customer_journeys"])
    #expect(
      Set(sessions.compactMap { $0["conversion_id"] as? String }).count
        == Int(try count("SELECT count(*) FROM conversions")))
    let first = try run("export", "--database", database, "--training", "20", "--seed", "4")
    #expect(first.errors.hasPrefix("20 of "))
    try run(
      "export", "--database", database, "--training", "20", "--seed", "4", "--output",
      folder.path("sample.json"))
    #expect(text("sample.json") == first.output)
  }

  @Test func anotherFileMayHoldTheResults() throws {
    try run("generate", "--database", database, "--conversions", "30")
    let other = folder.path("results.sqlite")
    let missing = try run("report", "--results", "sqlite:\(other)")
    #expect(missing.status == 1)
    let result = try run(
      "attribute", "--database", database, "--model", "ihc_heuristic", "--results",
      "sqlite:\(other)", key: nil)
    #expect(result.status == 0, "\(result.errors)")
    let report = try run("report", "--results", "sqlite:\(other)")
    #expect(report.output.hasPrefix("channel_name,date,cost,ihc,ihc_revenue,CPO,ROAS\r\n"))
    #expect(
      try count("SELECT count(*) FROM sqlite_master WHERE name = 'channel_reporting'") == 0)
    let none = try run("report", "--database", database)
    #expect(none.status == 1)
    #expect(none.errors.contains("has no channel report; `tributary journeys attribute` makes it"))
  }

  @Test func wrongUsageIsSaidBeforeAnythingIsDone() throws {
    for arguments in [
      ["attribute", "--database", "x"], ["attribute", "--model", "ihc_heuristic"],
      ["attribute", "--database", "x", "--model", "ihc_heuristic", "--url", "http://x"],
      ["report"], ["export", "--from", "5.1.2026"],
      ["export", "--from", "2026-01-06", "--to", "2026-01-05"],
      ["attribute", "--database", "x", "--model", "ihc_heuristic", "--results", "mysql://x"],
    ] {
      let process = try start(arguments)
      process.waitUntilExit()
      #expect(process.terminationStatus == 2, "\(arguments): \(text("errors"))")
    }
  }
}
