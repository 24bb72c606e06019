// Safety: keys and values are lent to the producer for one call, which copies them.

import Attribution
import Foundation
import Kafka
import TestServers
import Testing

@testable import Traffic
@testable import Verification

/// `backfill` and `late` as a user runs them; what they count is `BackfillTests`' matter.
@Suite struct BackfillCommandTests {
  private static let start: Milliseconds = 1_767_571_200_000
  private static let day: Milliseconds = 86_400_000

  @Test func aWeekLateBesideARunningProcessorAndUnderSIGKILL() throws {
    let seed = UInt64(784_927)
    print("backfill under SIGKILL: seed \(seed)")
    var random = SeededRandom(seed: seed)
    let (cluster, late) = try world(seed: seed)
    let folder = try TemporaryFolder()
    let processor = try cluster.program.start(["run"], outputFolder: folder.make("run"))
    defer { kill(processor.processIdentifier, SIGKILL) }
    try send(late, to: cluster)
    try wait(seconds: 60) { try waiting(cluster) == late.count }
    let traffic = try cluster.program.start(
      ["generate", "--profile", "dense", "--events", "1000000", "--rate", "500", "--seed", "9"],
      outputFolder: folder.make("traffic"))
    defer { kill(traffic.processIdentifier, SIGKILL) }

    let dry = try backfill(cluster, "--dry-run")
    #expect(dry.status == 0 && dry.output.contains("\"late_events_counted\":\(late.count)"))
    #expect(try waiting(cluster) == late.count)
    for attempt in 0..<4 {
      let victim = try cluster.program.start(
        ["backfill", "--from", "2026-01-05", "--to", "2026-01-08"],
        outputFolder: folder.make("backfill-\(attempt)"))
      usleep(UInt32(50_000 + random.below(1_500_000)))
      kill(victim.processIdentifier, SIGKILL)
      victim.waitUntilExit()
    }
    let last = try backfill(cluster)
    #expect(last.status == 0, "\(last.errors)")
    #expect(try waiting(cluster) == 0)
    let second = try backfill(cluster)
    #expect(second.output.contains("\"windows_changed\":0,\"attributions_changed\":0"))

    traffic.terminate()
    #expect(traffic.wait(seconds: 30))
    processor.terminate()
    #expect(processor.wait(seconds: 15))
    #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    let verified = try cluster.program.run("verify", "--all", "--json")
    #expect(verified.status == 0, "seed \(seed): \(verified.output)")
    try expectAgreement(cluster)
  }

  @Test func withoutAProcessorTheCommandPublishesByItself() throws {
    let (cluster, late) = try world(seed: 3)
    try send(late, to: cluster)
    #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    let summary = try cluster.program.run("late")
    #expect(summary.output.contains("\(late.count) late events wait for a backfill"))
    #expect(summary.output.contains("2026-01-05"))
    let first = try backfill(cluster)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("\"late_events_counted\":\(late.count)"))
    let verified = try cluster.program.run("verify", "--all", "--json")
    #expect(verified.status == 0, "\(verified.output)")
    let none = try cluster.program.run("late")
    #expect(none.output == "nothing waits; \(late.count) counted by backfills\n")
    try expectAgreement(cluster)
  }

  // MARK: The world

  /// A day of traffic and some of a week later, processed; and what was held back of the day.
  private func world(seed: UInt64) throws -> (Cluster, [GeneratedRecord]) {
    var cluster = try Cluster([
      "TRIBUTARY_CORRECTION_HORIZON": "2h", "TRIBUTARY_WATERMARK_DELAY": "1m",
      "TRIBUTARY_COMMIT_INTERVAL": "200ms", "TRIBUTARY_WORKERS": "1",
      "TRIBUTARY_MODELS": "[last_touch, linear]", "TRIBUTARY_IDLE_TIMEOUT": "5s",
    ])
    // A dynamic member: the local broker never takes partitions from a named one that has ended.
    cluster.program.environment["TRIBUTARY_INSTANCE_ID"] = ""
    var options = TrafficOptions(seed: seed, eventCount: 20_000)
    options.definitions = cluster.configuration.definitions
    options.start = Self.start
    options.users = 1_000
    options.eventsPerSecond = 20_000.0 / 86_400
    options.late = 0
    options.malformed = 0
    options.costRows = true
    var random = SeededRandom(seed: seed)
    var onTime: [GeneratedRecord] = []
    var held: [GeneratedRecord] = []
    for var record in TrafficGenerator(options) {
      // Costs have a task each, whose time a week later does not come.
      if record.kind != .cost, random.below(20) == 0 {
        record.timestamp += 8 * Self.day
        held.append(record)
      } else {
        onTime.append(record)
      }
    }
    options.seed += 1
    options.start += 7 * Self.day
    options.eventCount = 4_000
    onTime += TrafficGenerator(options)
    try send(onTime, to: cluster)
    #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    return (cluster, held)
  }

  private func send(_ records: [GeneratedRecord], to cluster: Cluster) throws {
    let producer = try Producer(
      cluster.clientConfiguration.merging(["partitioner": "murmur2_random"]), logger: quiet)
    defer { producer.close() }
    let topics = Dictionary(
      uniqueKeysWithValues: try cluster.configuration.inputTopics.map {
        ($0.kinds[0], try producer.topic($0.name))
      })
    for record in records {
      try record.key.withUnsafeBytes { key in
        try record.value.withUnsafeBytes { value in
          try producer.produce(
            topics[record.kind]!, key: key, value: value, timestamp: record.timestamp)
        }
      }
    }
    try producer.flush(timeoutMilliseconds: 60_000)
  }

  // MARK: The commands

  private func backfill(_ cluster: Cluster, _ flags: String...) throws -> Program.Result {
    try cluster.program.run(
      arguments: ["backfill", "--from", "2026-01-05", "--to", "2026-01-08", "--json"] + flags)
  }

  private func waiting(_ cluster: Cluster) throws -> Int {
    let result = try cluster.program.run("late", "--json")
    let waiting = try object(result.output)["waiting"] as? [String: Int] ?? [:]
    return ["impressions", "clicks", "conversions", "costs"].reduce(0) { $0 + (waiting[$1] ?? 0) }
  }

  private func wait(seconds: Double, until condition: () throws -> Bool) throws {
    let deadline = Date() + seconds
    while try !condition() {
      guard Date() < deadline else { throw ToolFailure(description: "it never came about") }
      usleep(200_000)
    }
  }

  /// Dashboard, report and SQL show the same digits of every window of the day; those of the topic are
  /// `verify`'s matter.
  private func expectAgreement(_ cluster: Cluster) throws {
    let database = try TestDatabase(.sqlite)
    defer { database.remove() }
    let sink = try cluster.program.run("sink", "--to", database.address, "--exit-at-end")
    #expect(sink.status == 0, "\(sink.errors)")
    func table(_ key: String) throws -> Set<String> {
      let columns =
        "sum(impressions), sum(clicks), sum(spend_micros), sum(conversions_last_touch_micros), "
        + "sum(conversions_linear_micros), sum(revenue_last_touch_micros), sum(revenue_linear_micros)"
      let rows = try database.ask(
        """
        SELECT \(key), \(columns) FROM rollups WHERE view = 'channel_5m'
        AND window_start >= '2026-01-05' AND window_start < '2026-01-06' GROUP BY \(key);
        """)
      return Set(rows.split(separator: "\n").map(String.init))
    }
    let windows = try table("window_start || '|' || channel")
    #expect(windows.count > 100)
    #expect(try ofDashboard(cluster) == windows)

    let report = try cluster.program.run(
      "report", "--day", "2026-01-05", "--by", "channel", "--compare-models", "--json")
    #expect(report.status == 0, "\(report.errors)")
    let lines = try object(report.output)["lines"] as? [[String: Any]] ?? []
    let ofReport = lines.filter { $0["line"] as? String != "total" }.map { line in
      let numbers =
        [line["impressions"], line["clicks"]].map { "\($0 ?? "")" }
        + ["spend", "conversions_last_touch", "conversions_linear"].map { micros(line[$0]) }
        + ["revenue_last_touch", "revenue_linear"].map { micros(line[$0]) }
      return (["\(line["channel"] ?? "")"] + numbers).joined(separator: "|")
    }
    #expect(Set(ofReport) == (try table("channel")))
  }

  /// The day's windows by channel, as the dashboard's page gets them.
  private func ofDashboard(_ cluster: Cluster) throws -> Set<String> {
    let folder = try TemporaryFolder()
    let serve = try cluster.program.start(["serve", "--port", "0"], outputFolder: folder.url)
    defer {
      serve.terminate()
      _ = serve.wait(seconds: 15)
    }
    let scrape = Scrape(address: try Scrape.address(in: folder, "output"))
    try wait(seconds: 60) { try scrape.get("/readyz").status == 200 }
    let answer = try scrape.get(
      "/api/rollups?view=channel_5m&from=2026-01-05&to=2026-01-06&unit=window&by=channel&limit=10000"
    )
    let document = try object(answer.body)
    let starts = (document["spans"] as? [[String: Any]] ?? []).map { "\($0["start"] ?? "")" }
    return Set(
      (document["rows"] as? [[String: Any]] ?? []).map { row in
        let channel = (row["dimensions"] as? [String: String])?["channel"] ?? ""
        let models = ["last_touch", "linear"].map {
          (row["models"] as? [String: [String: Any]])?[$0] ?? [:]
        }
        let numbers =
          [row["impressions"], row["clicks"]].map { "\($0 ?? "")" } + [micros(row["spend"])]
          + models.map { micros($0["conversions"]) } + models.map { micros($0["revenue"]) }
        let start = starts[row["span"] as? Int ?? 0]
        return ([start, channel] + numbers).joined(separator: "|")
      })
  }

  private func object(_ text: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  /// `1.500000` as `1500000`.
  private func micros(_ text: Any?) -> String {
    let digits = "\(text ?? "")".filter { $0 != "." }
    return Int(digits).map(String.init) ?? digits
  }
}
