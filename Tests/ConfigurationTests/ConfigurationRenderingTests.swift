import Foundation
import Testing

@testable import Configuration

@Suite("Showing a configuration")
struct ConfigurationRendering {
  @Test("The effective configuration reads back as itself")
  func yamlReadsBack() throws {
    let changed = try Configuration.load(yaml: everythingChanged)
    #expect(changed != Configuration())
    #expect(try Configuration.load(yaml: changed.yaml()) == changed)
    #expect(try Configuration.load(yaml: Configuration().yaml()) == Configuration())
  }

  @Test("The annotated defaults are a configuration file, with every meaning in it")
  func annotatedDefaults() throws {
    let text = Configuration.annotatedDefaults()
    #expect(try Configuration.load(yaml: text) == Configuration())
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 110 })
    let comments = text.split(separator: "\n").map { $0.drop { $0 == " " } }
      .filter { $0.hasPrefix("# ") }.map { $0.dropFirst(2) }.joined(separator: " ")
    for setting in Setting.all {
      #expect(comments.contains(setting.meaning.filter { $0 != "`" }), "\(setting.path)")
    }
  }

  @Test("Where each value comes from stands behind it, and the text still is a configuration file")
  func origins() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("tributary-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    try """
    lookback: 2h
    views:
      - {name: hourly, dimensions: [channel], period: 1h}
    kafka: {client.rack: a, sasl.password: sesame}
    """.write(toFile: file, atomically: false, encoding: .utf8)
    let (configuration, origins) = try Configuration.loadWithOrigins(
      file: file, environment: ["TRIBUTARY_CURRENCY": "USD"],
      overrides: [.assignment("idle_timeout=5s"), .bootstrapServers("b:1")])
    let text = configuration.yaml(origins: origins)
    #expect(text.contains("lookback: 2h  # \(file):1\n"))
    #expect(text.contains("views:  # \(file):"))
    #expect(text.contains("  client.rack: a  # \(file):4\n"))
    #expect(text.contains("currency: USD  # TRIBUTARY_CURRENCY\n"))
    #expect(text.contains("idle_timeout: 5s  # -s\n"))
    #expect(text.contains("  # -b\n"))
    #expect(text.contains("prefer_clicks: true  # default\n"))
    #expect(!text.contains("sesame"))
    var reread = try Configuration.load(yaml: text)
    reread.kafka["sasl.password"] = "sesame"
    #expect(reread == configuration)
    let json = configuration.json(origins: origins)
    #expect(json.contains(#""kafka.sasl.password":{"value":"********","from":""#))
    #expect(json.contains(#""currency":{"value":"USD","from":"TRIBUTARY_CURRENCY"}"#))
  }

  @Test("The effective configuration is laid out like the contract's")
  func yamlOfDefaults() {
    #expect(
      Configuration().yaml() == """
        application_id: tributary
        bootstrap_servers: localhost:9092
        topics:
          impressions: impressions
          clicks: clicks
          conversions: conversions
          costs: costs
          rollups: rollups
          attributions: attributions
          dead_letters: dead-letters
          late_events: late-events
          accepted: null
        currency: EUR
        lookback: 30m
        impression_lookback: 30m
        touch_kinds: [click]
        prefer_clicks: true
        models: [last_touch]
        half_life: 7d
        direct_channels: [direct]
        views:
          - {name: campaign_5m, dimensions: [campaign_id], period: 5m, bucket_conversions_by: conversion}
          - {name: channel_5m, dimensions: [channel], period: 5m, bucket_conversions_by: conversion}
        watermark_delay: 10m
        correction_horizon: 24h
        max_future_skew: 5m
        idle_timeout: 60s
        dimensions: []
        conversion_dimensions: []
        match_on: []
        max_touches: 1000
        unmatched_users: ["00000000-0000-0000-0000-000000000000"]
        excess_decimals: refuse
        earliest_event_time: "2000-01-01T00:00:00Z"
        on_lost_input: stop
        partitioner: murmur2
        rekey_partitions: 0
        commit_interval: 1s
        stall_timeout: 60s
        max_memory: 0
        state_dir: null
        workers: 0
        instance_id: ""
        inputs: null
        schema_registry: null
        output_format: json
        log_format: text
        pseudonymize: null
        kafka: {}

        """)
  }

  @Test(
    "Texts that YAML would take for something else are quoted",
    arguments: [
      "null", "~", "true", "No", "", " ", "a: b", "a #b", "- a", "[a]", "{a}", "a,b", "\"", "\\",
      "\u{1}\u{7F}\u{2028}", "é", "日本", "a:", "1e3", "0x1F", "007", "<<", "*a", "&a", "!a", "@a",
    ])
  func awkwardTexts(text: String) throws {
    var configuration = Configuration()
    configuration.definitions.directChannels = [text]
    configuration.kafka = ["client.id": text]
    let readBack = try Configuration.load(yaml: configuration.yaml())
    #expect(readBack == configuration)
  }

  @Test("The table has a row for every setting, with its default and meaning")
  func markdownTable() {
    let rows = Configuration.markdownTable().split(separator: "\n")
    #expect(rows.count == Setting.all.count + 2)
    #expect(rows[0] == "| key | default | meaning |")
    #expect(rows[2].hasPrefix("| `application_id` | `tributary` | "))
    #expect(rows.contains { $0.hasPrefix("| `half_life` | `7d` | ") })
    for row in rows { #expect(row.split(separator: "|").count == 3) }
  }

  @Test("The help text names every setting")
  func helpText() {
    let text = Configuration.helpText()
    for setting in Setting.all { #expect(text.contains("  \(setting.path): ")) }
    #expect(text.contains("  topics.dead_letters: dead-letters\n"))
    #expect(!text.contains("`"))
  }
}
