import Attribution
import Foundation
import Reporting
import TestServers
import Testing

/// `tributary sink`, over a broker and real databases.
@Suite(.serialized) struct SinkTests {
  @Test(arguments: TestDatabase.Kind.allCases)
  func aSinkThatIsKilledAtAnyMomentEndsWithTheSameTables(kind: TestDatabase.Kind) throws {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    try RollupTopic(cluster: cluster).fill(windowCount: 300, memberCount: 100, revisionCount: 4)
    let killed = try TestDatabase(kind)
    let calm = try TestDatabase(kind)
    defer {
      killed.remove()
      calm.remove()
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kill-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var interrupted = 0
    for delay in [20, 60, 110, 170, 230, 300, 410, 520, 640, 770] {
      let process = try cluster.program.start(
        ["sink", "--to", killed.address, "--exit-at-end"], outputFolder: folder)
      usleep(UInt32(delay) * 1_000)
      if process.isRunning { interrupted += 1 }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    #expect(interrupted >= 3, "the sink was done before it could be killed")
    for database in [killed, calm] {
      let result = try cluster.program.run("sink", "--to", database.address, "--exit-at-end")
      #expect(result.status == 0, "\(result.errors)")
    }
    let dumps = try [killed, calm].map { try $0.dump() }
    #expect(dumps[0] == dumps[1])
    #expect(
      try calm.ask("SELECT count(*), min(revision), max(revision) FROM rollups;") == "30000|4|4\n")
  }

  @Test func aFollowingSinkOutlivesRestartsOfItsDatabase() throws {
    let server = try PostgresServer()
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    let topic = RollupTopic(cluster: cluster)
    try topic.fill(windowCount: 20, memberCount: 50)
    let followed = TestDatabase(.postgres, at: try server.makeDatabase())
    let calm = try TestDatabase(.postgres)
    let folder = try TemporaryFolder()
    let sink = try cluster.program.start(
      ["sink", "--to", followed.address], outputFolder: folder.make("sink"))
    defer { _ = sink.wait(seconds: 0) }
    followed.expect(1_000, ofRevision: 1)
    // Once while nothing comes, once while much comes.
    try server.stop()
    try server.start()
    try topic.fill(windowCount: 40, memberCount: 50, revisionCount: 2)
    followed.expect(2_000, ofRevision: 2)
    try topic.fill(windowCount: 300, memberCount: 100, revisionCount: 3)
    usleep(300_000)
    try server.stop()
    usleep(1_500_000)
    #expect(sink.isRunning)
    try server.start()
    followed.expect(30_000, ofRevision: 3)
    sink.terminate()
    #expect(sink.wait(seconds: 10))
    #expect(sink.terminationStatus == 0)
    #expect(folder.text("sink/errors").contains("the database does not answer"))
    let result = try cluster.program.run("sink", "--to", calm.address, "--exit-at-end")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try followed.dump() == calm.dump())
  }

  @Test func aSinkThatCannotCommitForNowGoesOnLater() throws {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    let topic = RollupTopic(cluster: cluster)
    try topic.fill(windowCount: 20, memberCount: 50)
    let server = try PostgresServer()
    let followed = TestDatabase(.postgres, at: try server.makeDatabase())
    let calm = try TestDatabase(.postgres)
    let folder = try TemporaryFolder()
    let name = followed.address.split(separator: "/").last!
    let sink = try cluster.program.start(
      ["sink", "--to", followed.address + "?options=-c%20lock_timeout%3D300"],
      outputFolder: folder.make("sink"))
    defer { _ = sink.wait(seconds: 0) }
    followed.expect(1_000, ofRevision: 1)
    func expectWarnings(_ text: String) {
      for _ in 0..<400 where !folder.text("sink/errors").contains(text) { usleep(50_000) }
      #expect(folder.text("sink/errors").contains(text), "\(folder.text("sink/errors"))")
    }

    // A table that is locked.
    let holder = try lock(followed)
    try topic.fill(windowCount: 40, memberCount: 50, revisionCount: 2)
    expectWarnings("canceling statement due to lock timeout")
    holder.end()
    followed.expect(2_000, ofRevision: 2)

    // A server that has become a replica takes no writes, and is one again that does.
    let admin = TestDatabase(
      .postgres, at: followed.address.replacing("/\(name)", with: "/postgres"))
    func makeReadOnly(_ word: String) throws {
      _ = try admin.ask(
        """
        ALTER DATABASE \(name) SET default_transaction_read_only = \(word);
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)';
        """)
    }
    try makeReadOnly("on")
    try topic.fill(windowCount: 40, memberCount: 100, revisionCount: 3)
    expectWarnings("read-only transaction")
    #expect(sink.isRunning)
    try makeReadOnly("off")
    followed.expect(4_000, ofRevision: 3)

    // SIGTERM while a lock stands in the way of everything.
    let other = try lock(followed)
    try topic.fill(windowCount: 40, memberCount: 100, revisionCount: 4)
    usleep(400_000)
    sink.terminate()
    #expect(sink.wait(seconds: 10))
    #expect(sink.terminationStatus == 0)
    other.end()
    for database in [followed, calm] {
      let result = try cluster.program.run("sink", "--to", database.address, "--exit-at-end")
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(try followed.dump() == calm.dump())
  }

  @Test func aSinkThatWaitsForALockEndsWithinSeconds() throws {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    let topic = RollupTopic(cluster: cluster)
    try topic.fill(windowCount: 20, memberCount: 50)
    let database = try TestDatabase(.postgres)
    let folder = try TemporaryFolder()
    // The password is wrong for nobody: the server trusts everybody.
    let address = database.address.replacing("tributary@", with: "tributary:s3cr3t%40pw@")
    let sink = try cluster.program.start(
      ["sink", "--to", address], outputFolder: folder.make("sink"))
    defer { _ = sink.wait(seconds: 0) }
    database.expect(1_000, ofRevision: 1)
    let arguments = try String(
      contentsOfFile: "/proc/\(sink.processIdentifier)/cmdline", encoding: .utf8)
    #expect(arguments.contains("tributary:xxxxxxxxxxx@") && !arguments.contains("s3cr3t"))
    let holder = try lock(database)
    try topic.fill(windowCount: 40, memberCount: 50, revisionCount: 2)
    usleep(1_000_000)
    let began = Date()
    sink.terminate()
    #expect(sink.wait(seconds: 20))
    #expect(Date().timeIntervalSince(began) < 10 && sink.terminationStatus == 0)
    #expect(folder.text("sink/errors").contains("what it did not commit will be read again"))
    // Nothing of it is left in the server.
    #expect(
      try database.ask(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tributary';"
      ) == "0\n")
    holder.end()
  }

  /// A session that holds the table of rollups, so that nobody else gets at it.
  private func lock(_ database: TestDatabase) throws -> DatabaseSession {
    let session = try DatabaseSession(database)
    try session.run("BEGIN; LOCK rollups IN ACCESS EXCLUSIVE MODE;")
    return session
  }

  @Test func reportAndBothDatabasesShowTheSameDigits() throws {
    let cluster = try Cluster([
      "TRIBUTARY_MODELS": "[last_touch, linear, position_based]",
      "TRIBUTARY_VIEWS":
        "[{name: channel_5m, dimensions: [channel], period: 5m}, "
        + "{name: ad_1h, dimensions: [ad_id], period: 1h}]",
    ])
    let databases = try TestDatabase.Kind.allCases.map { try TestDatabase($0) }
    defer { for database in databases { database.remove() } }
    // Twice, so that the sinks go on from saved offsets and windows are corrected meanwhile.
    for seed in ["5", "6"] {
      for arguments in [
        [
          "generate", "--profile", "dense", "--events", "40000", "--seed", seed, "--late", "0.05",
          "--costs", "--start",
          "2026-01-04T22:30:00Z", "--users", "3000",
        ], ["run", "--exit-at-end"],
      ] {
        let result = try cluster.program.run(arguments: arguments)
        #expect(result.status == 0, "\(result.errors)")
      }
      for database in databases {
        let result = try cluster.program.run("sink", "--to", database.address, "--exit-at-end")
        #expect(result.status == 0, "\(result.errors)")
      }
    }
    for day in ["2026-01-04", "2026-01-05"] {
      let report = try cluster.program.run(
        "report", "--day", day, "--timezone", "Europe/Berlin", "--by", "channel", "--model",
        "linear",
        "--provisional", "--format", "csv")
      #expect(report.status == 0, "\(report.errors)")
      let reported = report.output.split(separator: "\r\n").dropFirst().dropLast().map {
        $0.split(separator: ",", omittingEmptySubsequences: false).dropFirst(5)
          .joined(separator: "|")
      }
      #expect(reported.count >= 5)
      for database in databases {
        let rows = try dailyChannels(database, day).split(separator: "\n").map {
          String($0.prefix(upTo: $0.lastIndex(of: "|")!))
        }
        #expect(rows == reported, "\(database) \(day)")
      }
    }
    // Each share of each conversion adds up to what the rollups have.
    for database in databases {
      let credits = try query(database, "credits", ["model": "linear"]).split(separator: "\n").map {
        $0.split(separator: "|", omittingEmptySubsequences: false).suffix(2).map(String.init)
      }
      let touched = credits.reduce(Int64(0)) { $0 + micros($1[0]) }
      let total = try database.ask(
        """
        SELECT sum(conversions_linear_micros) FROM rollups
        WHERE view = 'channel_5m' AND channel <> '(unattributed)';
        """)
      #expect("\(touched)\n" == total)
      let hours = try query(
        database, "hourly_ads",
        [
          "view": "ad_1h", "day": "2026-01-05", "zone": "Europe/Berlin",
          "start": "'2026-01-04T23:00:00Z'", "end": "'2026-01-05T23:00:00Z'",
        ])
      #expect(hours.split(separator: "\n").count >= 5)
    }
  }

  @Test func aMillionRollupsAreInSQLiteWithinAMinuteAndReportedWithinSeconds() throws {
    // The only view that the topic holds: a report compares all there are.
    let cluster = try Cluster([
      "TRIBUTARY_VIEWS": "[{name: campaign_5m, dimensions: [campaign_id], period: 5m}]"
    ])
    try RollupTopic(cluster: cluster).fill(windowCount: 2_000, memberCount: 500)
    let database = try TestDatabase(.sqlite)
    defer { database.remove() }
    let sink = try cluster.program.run(
      "sink", "--to", database.address, "--exit-at-end", timeout: 300)
    #expect(sink.status == 0, "\(sink.errors)")
    #expect(try database.ask("SELECT count(*) FROM rollups;") == "1000000\n")
    #expect(sink.seconds < 60)
    let report = try cluster.program.run("report", "--day", "2026-01-06", "--json", timeout: 300)
    #expect(report.status == 0, "\(report.errors)")
    let clicks = try database.ask(
      """
      SELECT sum(clicks) FROM rollups
      WHERE window_start >= '2026-01-06' AND window_start < '2026-01-07';
      """)
    #expect(report.output.contains("\"clicks\":\(clicks.dropLast()),\"ctr\""))
    let caughtUp = try secondsUntilServed(cluster)
    #expect(caughtUp < 30)
    print(
      String(
        format: "1,000,000 rollups: sqlite %.1f s, report %.1f s, dashboard caught up in %.1f s",
        sink.seconds, report.seconds, caughtUp))
  }

  /// How long a dashboard takes from its start until it has read everything.
  private func secondsUntilServed(_ cluster: Cluster) throws -> Double {
    let folder = try TemporaryFolder()
    let began = Date()
    let server = try cluster.program.start(
      ["serve", "--port", "0"], outputFolder: folder.make("serve"))
    defer { _ = server.wait(seconds: 0) }
    let scrape = Scrape(address: try Scrape.address(in: folder, "serve/output"))
    while try scrape.get("/readyz").status != 200, Date() < began + 60 { usleep(20_000) }
    let seconds = Date().timeIntervalSince(began)
    #expect(try scrape.metrics().sum("tributary_rollups") == 1_000_000)
    return seconds
  }

  private func dailyChannels(_ database: TestDatabase, _ day: String) throws -> String {
    let berlin = ZonedCalendar("Europe/Berlin")!
    let range = berlin.range(of: CalendarDay(day)!)
    func utc(_ time: Milliseconds) -> String { "'\(ZonedCalendar.utc.text(time))'" }
    return try query(
      database, "daily_channels",
      [
        "view": "channel_5m", "day": day, "zone": "Europe/Berlin", "start": utc(range.lowerBound),
        "end": utc(range.upperBound),
      ])
  }

  /// Runs one of the queries in Deploy/sql as its own comment says.
  private func query(
    _ database: TestDatabase, _ name: String, _ parameters: [String: String]
  ) throws -> String {
    let file = DocumentTests.root.appendingPathComponent(
      "Deploy/sql/\(database.kind.rawValue)/\(name).sql"
    ).path
    switch database.kind {
    case .sqlite:
      let set = parameters.map { ".param set :\($0) \"\($1)\"" }
      return try runTool(
        "sqlite3", [String(database.address.dropFirst("sqlite:".count))] + set + [".read \(file)"])
    case .postgres:
      return try runTool(
        "psql",
        [database.address, "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1"]
          + parameters.flatMap { ["-v", "\($0)=\($1)"] } + ["-f", file])
    }
  }

  private func micros(_ text: String) -> Int64 {
    let parts = text.split(separator: ".")
    return Int64(parts[0])! * 1_000_000 + Int64(parts[1])!
  }
}
