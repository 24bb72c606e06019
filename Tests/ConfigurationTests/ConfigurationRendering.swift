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
        max_touches: 1000
        unmatched_users: ["00000000-0000-0000-0000-000000000000"]
        excess_decimals: refuse
        earliest_event_time: "2000-01-01T00:00:00Z"
        on_lost_input: stop
        partitioner: murmur2
        commit_interval: 1s
        stall_timeout: 60s
        max_memory: 0
        workers: 0
        instance_id: ""
        inputs: null
        schema_registry: null
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
