import Foundation
import Testing

/// `run --http`: health and metrics of a processor at work.
@Suite(.serialized) struct RunMetricsTests {
  private static let settings = [
    "TRIBUTARY_MODELS": "[last_touch, linear]", "TRIBUTARY_WATERMARK_DELAY": "1s",
    "TRIBUTARY_IDLE_TIMEOUT": "1s", "TRIBUTARY_COMMIT_INTERVAL": "200ms", "TRIBUTARY_WORKERS": "2",
    "TRIBUTARY_VIEWS": "[{name: campaign_10s, dimensions: [campaign_id], period: 10s}]",
  ]

  @Test func aScrapeOfARunAtWorkTellsWhatItHasDone() throws {
    let cluster = try Cluster(Self.settings)
    let folder = try TemporaryFolder()
    let run = try cluster.program.start(
      ["run", "--http", "0", "--json"], outputFolder: folder.make("run"))
    defer { _ = run.wait(seconds: 0) }
    let scrape = Scrape(address: try Scrape.address(in: folder, "run/errors"))
    #expect(try scrape.get("/livez").status == 200)
    try eventually { try scrape.get("/readyz").status == 200 }

    // Twice over the same hours: the second brings windows back that are final by then.
    var truth: [String: [String: Int]] = [:]
    for seed in ["3", "4"] {
      let generated = try cluster.program.run(
        "generate", "--profile", "dense", "--events", "20000", "--seed", seed, "--start",
        "2026-01-05T08:00:00Z",
        "--users", "2000", "--late", "0.05", "--duplicates", "0.05", "--malformed", "0.01",
        "--json")
      #expect(generated.status == 0, "\(generated.errors)")
      for (topic, counts) in try Self.counts(generated.output) {
        truth[topic, default: [:]].merge(counts, uniquingKeysWith: +)
      }
      let records = truth.values.reduce(0) { $0 + $1["records", default: 0] }
      try eventually { Int(try scrape.metrics().sum("tributary_records_total")) == records }
      // The last windows close by the wall clock once all is quiet.
      try eventually {
        let metrics = try scrape.metrics()
        return metrics.sum("tributary_input_idle") == 16
          && metrics.sum("tributary_input_lag_records") == 0
          && metrics.sum("tributary_open_buckets") == 0
          && metrics.sum("tributary_final_lag_seconds") < 60
      }
    }
    let metrics = try scrape.metrics()
    for topic in ["impressions", "clicks", "conversions"] {
      let label = "topic=\"\(cluster.prefix)-\(topic)\""
      #expect(
        Int(metrics.sum("tributary_records_total", label)) == truth[topic]?["records"], "\(topic)")
      #expect(metrics.sum("tributary_records_total", label, "\"duplicate\"") > 0)
      #expect(metrics.sum("tributary_records_total", label, "\"dead_letter\"") > 0)
      #expect(
        metrics.sum("tributary_unusable_records_total", label)
          == metrics.sum("tributary_records_total", label, "\"dead_letter\""))
      #expect(metrics.sum("tributary_input_lag_records", label) == 0)
      #expect(metrics.sum("tributary_input_idle", label) == 4)
    }
    let accepted = metrics.sum("tributary_records_total", "\"accepted\"")
    #expect(metrics.sum("tributary_end_to_end_latency_seconds_count") == accepted)
    let latency = metrics.sum("tributary_end_to_end_latency_seconds_sum") / accepted
    #expect(latency > 0 && latency < 30, "\(latency)")
    let conversions = metrics.sum(
      "tributary_records_total", "\(cluster.prefix)-conversions", "\"accepted\"")
    for model in ["last_touch", "linear"] {
      #expect(
        metrics.sum("tributary_conversions_total", "model=\"\(model)\"") == conversions)
      for isAttributed in [true, false] {
        #expect(
          metrics.sum(
            "tributary_conversions_total", "model=\"\(model)\"", "attributed=\"\(isAttributed)\"")
            > 0)
      }
    }
    for stage in ["attribution", "rollups"] {
      let label = "stage=\"\(stage)\""
      let committed = metrics.sum("tributary_transactions_total", label, "\"committed\"")
      #expect(committed > 0)
      #expect(metrics.sum("tributary_transaction_duration_seconds_count", label) == committed)
      #expect(metrics.sum("tributary_restore_duration_seconds_count", label) >= 1)
    }
    let restatements = metrics.sum("tributary_restatements_total")
    #expect(restatements > 0)
    #expect(metrics.sum("tributary_restatement_age_seconds_count") == restatements)
    #expect(metrics.sum("tributary_conversion_corrections_total") > 0)
    for store in ["identities", "journeys", "rollups"] {
      if store != "rollups" {
        #expect(metrics.sum("tributary_state_entries", "store=\"\(store)\"") > 0)
      }
      #expect(metrics.sum("tributary_state_bytes", "store=\"\(store)\"") > 0)
    }
    // Rollups of January leave memory, the wall clock being far ahead, some publications after the
    // corrections that had brought them back.
    try eventually {
      try scrape.metrics().sum("tributary_state_entries", "store=\"rollups\"") == 0
    }
    #expect(metrics.sum("tributary_worker_working") == 3)
    #expect(metrics.sum("tributary_build_info") == 1)
    #expect(metrics.sum("process_resident_memory_bytes") > 1_000_000)
    let age = Date().timeIntervalSince1970 - metrics.sum("process_start_time_seconds")
    #expect(age > -2 && age < 300, "\(age)")

    #expect(metrics.sum("tributary_final_lag_seconds") > 0)
    try checkStatus(try scrape.get("/statusz").body, cluster.prefix)
    try expectDocumented(try scrape.families(), between: "### `run`", and: "### `serve`")
    run.terminate()
    #expect(run.wait(seconds: 10))
    #expect(run.terminationStatus == 0)
  }

  @Test func everyMetricOfTheDashboardIsInTheManual() throws {
    let cluster = try Cluster(Self.settings)
    let folder = try TemporaryFolder()
    let serve = try cluster.program.start(
      ["serve", "--port", "0"], outputFolder: folder.make("serve"))
    defer { _ = serve.wait(seconds: 0) }
    let scrape = Scrape(address: try Scrape.address(in: folder, "serve/output"))
    try eventually { try scrape.get("/readyz").status == 200 }
    let families = try scrape.families()
    #expect(families.contains("process_resident_memory_bytes"))
    try expectDocumented(
      families.filter { !$0.hasPrefix("process_") }, between: "### `serve`", and: "### `ingest")
    let metrics = try scrape.metrics()
    #expect(metrics.sum("tributary_reader_lag_records") == 0)
    #expect(metrics.sum("tributary_http_requests_total", "/readyz") >= 1)
  }

  @Test func dataNeedTheTokenAndHealthDoesNot() throws {
    var cluster = try Cluster(Self.settings)
    let token = "a-token-of-some-length"
    cluster.program.environment["TRIBUTARY_HTTP_TOKEN"] = token
    let folder = try TemporaryFolder()
    let run = try cluster.program.start(
      ["run", "--http", "127.0.0.1:0"], outputFolder: folder.make("run"))
    defer { _ = run.wait(seconds: 0) }
    let scrape = Scrape(address: try Scrape.address(in: folder, "run/errors"))
    #expect(try scrape.get("/livez").status == 200)
    for path in ["/metrics", "/statusz"] {
      #expect(try scrape.get(path).status == 401)
      #expect(try Scrape(address: scrape.address, token: token).get(path).status == 200)
    }
    #expect(!folder.text("run/errors").contains(token))
  }

  @Test func itIsNotReadyBeforeItHasItsPartitions() throws {
    // Nobody listens there, so no worker gets anywhere.
    let program = Program(environment: ["TRIBUTARY_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    let folder = try TemporaryFolder()
    let run = try program.start(["run", "--http", "0"], outputFolder: folder.make("run"))
    defer { _ = run.wait(seconds: 0) }
    let scrape = Scrape(address: try Scrape.address(in: folder, "run/errors"))
    #expect(try scrape.get("/livez").status == 200)
    let ready = try scrape.get("/readyz")
    #expect(ready.status == 503)
    #expect(ready.body == "starting\n")
    #expect(try scrape.get("/api/summary").status == 404)
  }

  @Test(arguments: ["", ":9090", "host:", "1:2:3", "70000", "host:x"])
  func anAddressThatIsNoneIsRefused(_ address: String) throws {
    let result = try Program().run("run", "--http", address)
    #expect(result.status == 2)
    #expect(result.errors.contains("HOST:PORT"))
  }

  // MARK: Pieces

  /// The records sent, by input and outcome, as `generate --json` says.
  private static func counts(_ output: String) throws -> [String: [String: Int]] {
    let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
    return object.compactMapValues { ($0 as? [String: Any])?.compactMapValues { $0 as? Int } }
  }

  private func checkStatus(_ body: String, _ prefix: String) throws {
    let status = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
    #expect(status["ready"] as? Bool == true)
    let partitions = status["partitions"] as? [[String: Any]] ?? []
    let topics = Dictionary(grouping: partitions) { $0["topic"] as? String ?? "" }.mapValues(
      \.count)
    #expect(
      topics == [
        "\(prefix)-impressions": 4, "\(prefix)-clicks": 4, "\(prefix)-conversions": 4,
        "\(prefix)-costs": 4, "\(prefix)-deltas": 4,
      ])
    let clicks = partitions.filter { $0["topic"] as? String == "\(prefix)-clicks" }
    for partition in clicks {
      #expect(partition["lag"] as? Int == 0)
      #expect(partition["idle"] as? Bool == true)
      #expect((partition["position"] as? Int ?? 0) > 0)
      #expect((partition["watermark"] as? String)?.hasPrefix("2026-01-05T") == true)
      #expect((partition["last_commit"] as? String)?.isEmpty == false)
    }
    for partition in partitions where partition["topic"] as? String == "\(prefix)-deltas" {
      #expect((partition["final_through"] as? String)?.isEmpty == false)
    }
  }

  /// Every metric has its line in the manual, and every line of it its metric.
  private func expectDocumented(
    _ families: Set<String>, between first: String, and second: String
  ) throws {
    let manual = try DocumentTests.text("docs/operating/monitoring.md")
    let begin = try #require(manual.range(of: first))
    let end = try #require(manual.range(of: second))
    let documented = Set(
      manual[begin.upperBound..<end.lowerBound].matches(of: #/\n\| `([a-z_]+)/#).map {
        String($0.output.1)
      })
    #expect(documented == families)
  }

  private func eventually(_ condition: () throws -> Bool) throws {
    let deadline = Date() + 60
    while Date() < deadline {
      if try condition() { return }
      usleep(100_000)
    }
    Issue.record("that never came true")
  }
}
