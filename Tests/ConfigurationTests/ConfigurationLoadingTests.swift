import Attribution
import Foundation
import Testing

@testable import Configuration

/// The YAML block of the contract's section 7, word for word.
let contractBlock = """
  application_id: tributary         # consumer groups, transactional ids, internal topics
  bootstrap_servers: localhost:9092
  topics:                           # null leaves an optional input out
    {impressions: impressions, clicks: clicks, conversions: conversions, costs: costs,
     rollups: rollups, attributions: attributions, dead_letters: dead-letters, late_events: late-events, accepted: null}
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
  dimensions: []                    # extra fields of touches that views may list
  conversion_dimensions: []         # the same of conversions
  match_on: []                      # fields that touch and conversion must share
  max_touches: 1000
  unmatched_users: ["00000000-0000-0000-0000-000000000000"]
  excess_decimals: refuse           # or round
  earliest_event_time: "2000-01-01T00:00:00Z"
  on_lost_input: stop               # or continue
  partitioner: murmur2              # how the producers of keyed inputs choose partitions
  rekey_partitions: 0               # of re-keyed inputs; 0: as many as the inputs that need no re-keying
  commit_interval: 1s
  stall_timeout: 60s
  max_memory: 0
  state_dir: null                   # folder for copies of the live state
  workers: 0                        # 0: one per core
  instance_id: ""                   # set: static membership and stable transactional ids
  kafka: {}                         # any librdkafka property
  inputs: null                      # section 2
  schema_registry: null             # http(s)://user:password@host:port; password better from the environment
  output_format: json               # or avro
  log_format: text                  # or json
  pseudonymize: null                # file with a key
  """

/// Every setting with a value that is not its default.
let everythingChanged = """
  application_id: ads.prod
  bootstrap_servers: kafka-1:9093, kafka-2:9093
  topics:
    impressions: null
    clicks: ad-clicks
    conversions: orders
    costs: ~
    rollups: out.rollups
    attributions: out.attributions
    dead_letters: out.dead
    late_events: out.late
  currency: USD
  lookback: 7d
  impression_lookback: 24h
  touch_kinds: [click]
  prefer_clicks: false
  models: [linear, {name: time_decay, since: "2026-01-06T12:00:00Z"}]
  half_life: 90m
  direct_channels: [direct, "", "(none), really"]
  views:
    - name: live
      dimensions: [ad_id, channel]
      period: 10s
      bucket_conversions_by: touch
      since: 2026-01-06T13:00:00.500+01:00
  watermark_delay: 0s
  correction_horizon: 48h
  max_future_skew: 0ms
  idle_timeout: 500ms
  dimensions: [country, "no"]
  conversion_dimensions: [goal]
  match_on: [account_id]
  max_touches: 50
  unmatched_users: ["0", "(none), really"]
  excess_decimals: round
  earliest_event_time: "2020-02-29T12:00:00.5Z"
  on_lost_input: continue
  partitioner: consistent
  rekey_partitions: 12
  commit_interval: 250ms
  stall_timeout: 5m
  max_memory: 4000000000
  state_dir: /var/lib/tributary
  workers: 3
  instance_id: node-1
  kafka:
    security.protocol: SASL_SSL
    statistics.interval.ms: 5000
    socket.keepalive.enable: true
  inputs:
    - kind: click
      topic: ad-events
      format: json
      where: {type: [click, tap], $header.x-source: web}
      fields:
        event_id: payload.id
        event_time: {path: ts, unit: s}
        user_id: {first: [user.id, ["device.v2", "idfa[0]"]], default: nobody}
        campaign_id: {path: "params[key=utm campaign].value", default: none}
        channel: {value: paid_search}
        session_id: $header.x-session
        ad_id: {default: "-"}
      rekey: true
    - {kind: conversion, topic: orders, format: avro, fields: {event_id: $place, user_id: $key,
       event_time: {path: placed, format: "%d.%m.%Y %H:%M", timezone: Europe/Berlin}}}
    - {kind: cost, files: "costs*.csv", delimiter: ";", skip_lines: 2, null_values: ["", "-"], decimal: ","}
  schema_registry: https://registry:8081/api/
  output_format: avro
  log_format: json
  pseudonymize: /run/keys/users
  """

@Suite("Loading a configuration")
struct ConfigurationLoading {
  @Test("The defaults are those of the contract")
  func defaultsAreTheContracts() throws {
    #expect(try Configuration.load(yaml: contractBlock) == Configuration())
    #expect(try Configuration.load(file: nil, environment: [:]) == Configuration())
  }

  @Test("The rendered defaults hold the contract's text of every value")
  func renderedDefaultsSpellTheContractsValues() throws {
    let compact = contractBlock.split(separator: "\n").map { line in
      line.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")
    }.joined(separator: " ")
    for setting in Setting.all where setting.path != "views" {
      let key = setting.path.split(separator: ".").last ?? ""
      #expect(compact.contains("\(key): \(setting.defaultText)"), "\(setting.path)")
    }
  }

  @Test("Every setting can be changed from a file")
  func fileChangesEverySetting() throws {
    let configuration = try Configuration.load(yaml: everythingChanged)
    #expect(configuration.applicationID == "ads.prod")
    #expect(configuration.deltasTopic == "ads.prod-deltas")
    #expect(configuration.stateTopic == "ads.prod-state")
    #expect(configuration.bootstrapServers == "kafka-1:9093,kafka-2:9093")
    #expect(configuration.topics.impressions == nil)
    #expect(configuration.topics.clicks == "ad-clicks")
    #expect(configuration.topics.conversions == "orders")
    #expect(configuration.topics.costs == nil)
    #expect(configuration.topics.rollups == "out.rollups")
    #expect(configuration.topics.attributions == "out.attributions")
    #expect(configuration.topics.deadLetters == "out.dead")
    #expect(configuration.topics.lateEvents == "out.late")
    #expect(configuration.outputFormat == .avro)
    #expect(configuration.logFormat == .json)
    #expect(configuration.pseudonymize == "/run/keys/users")
    let definitions = configuration.definitions
    #expect(definitions.currency == "USD")
    #expect(definitions.lookback == 604_800_000)
    #expect(definitions.impressionLookback == 86_400_000)
    #expect(definitions.touchKinds == [.click])
    #expect(definitions.preferClicks == false)
    #expect(definitions.models == [.linear, .timeDecay])
    #expect(definitions.modelsSince == [.timeDecay: 1_767_700_800_000])
    #expect(definitions.modelStarts == [.min, 1_767_700_800_000])
    #expect(definitions.halfLife == 5_400_000)
    #expect(definitions.directChannels == ["direct", "", "(none), really"])
    #expect(
      definitions.views == [
        View(
          name: "live", dimensions: [.adID, .channel], periodMilliseconds: 10_000,
          bucketConversionsBy: .touch, since: 1_767_700_800_500)
      ])
    #expect(definitions.watermarkDelay == 0)
    #expect(definitions.correctionHorizon == 172_800_000)
    #expect(definitions.maxFutureSkew == 0)
    #expect(definitions.idleTimeout == 500)
    #expect(definitions.dimensions == ["country", "no"])
    #expect(definitions.conversionDimensions == ["goal"])
    #expect(definitions.matchOn == ["account_id"])
    #expect(definitions.maxTouches == 50)
    #expect(definitions.unmatchedUsers == ["0", "(none), really"])
    #expect(definitions.excessDecimals == .round)
    #expect(definitions.earliestEventTime == 1_582_977_600_500)
    #expect(configuration.onLostInput == .continue)
    #expect(configuration.partitioner == .consistent)
    #expect(configuration.rekeyPartitions == 12)
    #expect(configuration.commitInterval == 250)
    #expect(configuration.stallTimeout == 300_000)
    #expect(configuration.maxMemory == 4_000_000_000)
    #expect(configuration.stateDir == "/var/lib/tributary")
    #expect(configuration.workers == 3)
    #expect(configuration.instanceID == "node-1")
    #expect(
      configuration.kafka == [
        "security.protocol": "SASL_SSL", "statistics.interval.ms": "5000",
        "socket.keepalive.enable": "true",
      ])
    let inputs = try #require(configuration.inputs)
    #expect(inputs.map(\.kind) == [.click, .conversion, .cost])
    #expect(inputs.map(\.source) == [.topic("ad-events"), .topic("orders"), .files("costs*.csv")])
    #expect(inputs.map(\.format) == [.json, .avro, nil])
    #expect(inputs.map(\.rekey) == [true, false, false])
    #expect(
      inputs[0].conditions == [
        FieldCondition(path: .member("type"), values: ["click", "tap"]),
        FieldCondition(path: .header("x-source"), values: ["web"]),
      ])
    #expect(
      inputs[0].fields.map(\.name) == [
        "event_id", "event_time", "user_id", "campaign_id", "channel", "session_id", "ad_id",
      ])
    #expect(
      inputs[0].fields.map(\.source) == [
        FieldSource(paths: [.value([.name("payload"), .name("id")])]),
        FieldSource(paths: [.member("ts")], timeForm: .unit(.seconds)),
        FieldSource(
          paths: [
            .value([.name("user"), .name("id")]), .value([.name("device.v2"), .name("idfa[0]")]),
          ], fallback: "nobody"),
        FieldSource(
          paths: [
            .value([
              .name("params"), .element(name: "key", value: "utm campaign"), .name("value"),
            ])
          ], fallback: "none"),
        FieldSource(paths: [], fallback: "paid_search"),
        FieldSource(paths: [.header("x-session")]),
        FieldSource(paths: [.member("ad_id")], fallback: "-"),
      ])
    #expect(inputs[1].source(of: "event_id")?.paths == [.place])
    #expect(inputs[1].source(of: "user_id")?.paths == [.key])
    #expect(
      inputs[1].source(of: "event_time")?.timeForm
        == .pattern("%d.%m.%Y %H:%M", timezone: "Europe/Berlin"))
    #expect(inputs[2].table.delimiter == ";")
    #expect(inputs[2].table.skipLines == 2)
    #expect(inputs[2].table.nullValues == ["", "-"])
    #expect(inputs[2].table.decimal == ",")
    #expect(configuration.topicInputs == Array(inputs[..<2]))
    #expect(configuration.schemaRegistry?.url == "https://registry:8081/api")
  }

  @Test("Conversions count in their own bucket unless a view says otherwise")
  func bucketDefaultsToTheConversions() throws {
    let yaml = "views: [{name: v, dimensions: [channel], period: 1h}]"
    #expect(
      try Configuration.load(yaml: yaml).definitions.views == [
        View(name: "v", dimensions: [.channel], periodMilliseconds: 3_600_000)
      ])
  }

  @Test(
    "A file that says nothing changes nothing",
    arguments: [
      "", "# only a comment\n", "---\n", "topics:\n", "kafka:\n", "\u{FEFF}currency: EUR\n",
    ])
  func emptyFileIsTheDefaults(yaml: String) throws {
    #expect(try Configuration.load(yaml: yaml) == Configuration())
  }

  // MARK: Precedence

  @Test("Flags win over the environment, which wins over the file, which wins over the defaults")
  func laterSourceWins() throws {
    let yaml = "bootstrap_servers: file:1\nlookback: 1h\ncurrency: USD\ntopics: {clicks: from-file}"
    let environment = [
      "TRIBUTARY_BOOTSTRAP_SERVERS": "environment:2", "TRIBUTARY_LOOKBACK": "2h",
    ]
    let overrides = [Configuration.Override.bootstrapServers("flag:3")]
    let configuration = try Configuration.load(
      yaml: yaml, environment: environment, overrides: overrides)
    #expect(configuration.bootstrapServers == "flag:3")
    #expect(configuration.definitions.lookback == 7_200_000)
    #expect(configuration.definitions.currency == "USD")
    #expect(configuration.topics.clicks == "from-file")
    #expect(configuration.topics.conversions == "conversions")
  }

  @Test("librdkafka properties add up over the sources, and the later wins property by property")
  func kafkaPropertiesMerge() throws {
    let configuration = try Configuration.load(
      yaml: "kafka: {client.id: file, linger.ms: 5, debug: cgrp}",
      environment: [
        "TRIBUTARY_KAFKA_CLIENT_ID": "environment", "TRIBUTARY_KAFKA_LINGER_MS": "6",
        "TRIBUTARY_KAFKA": "{linger.ms: 4, check.crcs: true}",
      ],
      overrides: [.kafkaProperty("client.id=flag"), .kafkaProperty("sasl.password=a=b")])
    #expect(
      configuration.kafka == [
        "client.id": "flag", "linger.ms": "6", "debug": "cgrp", "check.crcs": "true",
        "sasl.password": "a=b",
      ])
  }

  @Test("Of two flags for one setting the last wins")
  func lastFlagWins() throws {
    let configuration = try Configuration.load(
      file: nil, environment: [:],
      overrides: [
        .setting(path: "models", value: "linear", flag: "--models"),
        .setting(path: "models", value: "first_touch,last_touch", flag: "--models"),
      ])
    #expect(configuration.definitions.models == [.firstTouch, .lastTouch])
  }

  // MARK: Environment

  @Test("Every setting can be set from the environment to what a file would set it to")
  func environmentSetsEverySetting() throws {
    let changed = try Configuration.load(yaml: everythingChanged)
    var environment: [String: String] = [:]
    for setting in Setting.all {
      let value = setting.render(changed)
      if case .scalar(let text) = value {
        environment[setting.environmentVariable] = text
      } else {
        environment[setting.environmentVariable] = value.flowText
      }
    }
    #expect(try Configuration.load(file: nil, environment: environment) == changed)
  }

  @Test("Lists may be written with commas, and spaces around them do not count")
  func listsWithCommas() throws {
    let configuration = try Configuration.load(
      file: nil,
      environment: [
        "TRIBUTARY_MODELS": "first_touch, linear", "TRIBUTARY_TOUCH_KINDS": "[impression, click]",
        "TRIBUTARY_DIRECT_CHANNELS": "", "TRIBUTARY_INSTANCE_ID": "",
        "TRIBUTARY_TOPICS_COSTS": "null", "TRIBUTARY_WORKERS": " 2 ",
        "TRIBUTARY_KAFKA_SECURITY_PROTOCOL": "SSL",
      ])
    #expect(configuration.definitions.models == [.firstTouch, .linear])
    #expect(configuration.definitions.touchKinds == [.click, .impression])
    #expect(configuration.definitions.directChannels == [])
    #expect(configuration.instanceID == "")
    #expect(configuration.topics.costs == nil)
    #expect(configuration.workers == 2)
    #expect(configuration.kafka == ["security.protocol": "SSL"])
  }

  @Test("Variables of tests, scripts, Kubernetes and others are none of ours")
  func foreignVariablesAreIgnored() throws {
    let environment = [
      "TRIBUTARY_TEST_BOOTSTRAP": "x:1", "TRIBUTARY_TEST_ANYTHING": "1",
      "TRIBUTARY_NOIDA_DB": "/somewhere", "PATH": "/bin", "tributary_lookback": "1",
      "TRIBUTARY_JOURNEYS_API_KEY": "sesame",
      "TRIBUTARYX": "1", "TRIBUTARY_SERVICE_HOST": "10.0.0.1", "TRIBUTARY_SERVICE_PORT": "80",
      "TRIBUTARY_SERVICE_PORT_HTTP": "80", "TRIBUTARY_PORT": "tcp://10.0.0.1:80",
      "TRIBUTARY_PORT_80_TCP": "tcp://10.0.0.1:80", "TRIBUTARY_PORT_80_TCP_ADDR": "10.0.0.1",
      "TRIBUTARY_HTTP_TOKEN": "0123456789abcdef", "TRIBUTARY_CONFIG": "/etc/x.yaml",
    ]
    #expect(try Configuration.load(file: nil, environment: environment) == Configuration())
  }

  @Test(
    "What Kubernetes says of a service is none of ours, whatever the service is called",
    arguments: ["SERVE", "KAFKA_BOOTSTRAP", "KAFKA", "TOPICS_CLICKS", "MAX_TOUCHES"])
  func variablesOfServices(service: String) throws {
    let prefix = "TRIBUTARY_\(service)_"
    let environment = [
      prefix + "SERVICE_HOST": "10.0.0.1", prefix + "SERVICE_PORT": "9092",
      prefix + "SERVICE_PORT_TCP_CLIENTS": "9092", prefix + "PORT": "tcp://10.0.0.1:9092",
      prefix + "PORT_9092_TCP": "tcp://10.0.0.1:9092", prefix + "PORT_9092_TCP_PROTO": "tcp",
      prefix + "PORT_9092_TCP_PORT": "9092", prefix + "PORT_9092_TCP_ADDR": "10.0.0.1",
    ]
    #expect(try Configuration.load(file: nil, environment: environment) == Configuration())
  }

  @Test("With _FILE behind its name a variable's value stands in a file")
  func valuesFromFiles() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("tributary-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    try "sesame\n".write(toFile: file, atomically: false, encoding: .utf8)
    let configuration = try Configuration.load(
      file: nil,
      environment: [
        "TRIBUTARY_KAFKA_SASL_PASSWORD_FILE": file, "TRIBUTARY_APPLICATION_ID_FILE": file,
      ])
    #expect(configuration.kafka == ["sasl.password": "sesame"])
    #expect(configuration.applicationID == "sesame")
    expectError(
      #"TRIBUTARY_KAFKA_SASL_PASSWORD_FILE: TRIBUTARY_KAFKA_SASL_PASSWORD is set as well; keep one of them"#
    ) {
      try Configuration.load(
        file: nil,
        environment: [
          "TRIBUTARY_KAFKA_SASL_PASSWORD_FILE": file, "TRIBUTARY_KAFKA_SASL_PASSWORD": "x",
        ])
    }
    expectError(
      #"TRIBUTARY_CURRENCY_FILE: the file "/nowhere" cannot be read; check its path and permissions"#
    ) {
      try Configuration.load(file: nil, environment: ["TRIBUTARY_CURRENCY_FILE": "/nowhere"])
    }
  }

  @Test("Of several -s the one that is no YAML is named")
  func flagsNameTheSettingThatIsNoYAML() {
    for (text, place) in [("views=[{", "-s views:2:1"), ("inputs=[{kind: click", "-s inputs:")] {
      do {
        _ = try Configuration.load(
          file: nil, environment: [:], overrides: [.assignment("lookback=7d"), .assignment(text)])
        Issue.record("\(text) was taken")
      } catch {
        #expect("\(error)".hasPrefix(place), "\(error)")
        #expect("\(error)".contains("not valid YAML"))
      }
    }
  }

  @Test("Avro output needs a registry, and names that Avro allows")
  func avroOutputNeedsARegistry() {
    func message(_ yaml: String) -> String {
      do {
        _ = try Configuration.load(yaml: yaml, named: "c.yaml")
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      message("output_format: avro")
        == "c.yaml:1:16: output_format is avro, but there is no schema_registry; set schema_registry"
    )
    #expect(
      message("output_format: avro\nschema_registry: http://r:8081\nmatch_on: [account-id]")
        == "c.yaml:3:11: match_on lists \"account-id\", which is no name that Avro allows; write '_' for '-'; "
        + "`inputs` can read any field under such a name")
    #expect(message("output_format: avro\nschema_registry: http://r:8081\nmatch_on: [a_b]") == "")
    #expect(message("output_format: parquet").contains("output_format"))
  }

  @Test("-s sets any setting, and any property of librdkafka")
  func assignments() throws {
    let configuration = try Configuration.load(
      file: nil, environment: ["TRIBUTARY_LOOKBACK": "1h"],
      overrides: [
        .assignment("lookback=7d"), .assignment("topics.costs=null"),
        .assignment("models=[linear]"), .assignment("kafka.sasl.password=a=b"),
      ])
    #expect(configuration.definitions.lookback == 7 * 86_400_000)
    #expect(configuration.topics.costs == nil)
    #expect(configuration.definitions.models == [.linear])
    #expect(configuration.kafka == ["sasl.password": "a=b"])
    expectError("-s: is not followed by key=value; write it as in -s lookback=7d") {
      try Configuration.load(file: nil, environment: [:], overrides: [.assignment("lookback")])
    }
    expectError(#"-s: there is no setting "lookbak"; did you mean lookback?"#) {
      try Configuration.load(file: nil, environment: [:], overrides: [.assignment("lookbak=7d")])
    }
  }

  // MARK: Together

  @Test("A transaction may be shortened through librdkafka's own property")
  func shorterTransaction() throws {
    let yaml = "kafka: {transaction.timeout.ms: 5000, message.timeout.ms: 4999}"
    #expect(try Configuration.load(yaml: yaml).kafka.count == 2)
  }
}

private func expectError(
  _ text: String, _ body: () throws -> Configuration,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(throws: ConfigurationError.self, sourceLocation: sourceLocation) {
    _ = try body()
  }
  #expect(error?.description == text, sourceLocation: sourceLocation)
}

@Suite("Durations")
struct Durations {
  @Test(
    "A whole number and a unit make a duration",
    arguments: [
      ("500ms", 500), ("0s", 0), ("90s", 90_000), ("5m", 300_000), ("24h", 86_400_000),
      ("7d", 604_800_000), ("007s", 7_000), ("3650d", 315_360_000_000),
    ] as [(String, Milliseconds)])
  func parses(text: String, milliseconds: Milliseconds) throws {
    #expect(try DurationText.parse(text) == milliseconds)
  }

  @Test(
    "What is not a duration says how one is written",
    arguments: [
      ("30", #""30" has no unit; add one of ms, s, m, h, d, as in 30s"#),
      (
        "",
        #""" is not a duration; write a whole number and one of ms, s, m, h, d, as in 500ms, 90s or 24h"#
      ),
      (
        "5min",
        #""5min" is not a duration; write a whole number and one of ms, s, m, h, d, as in 500ms, 90s or 24h"#
      ),
      (
        "1.5h",
        #""1.5h" is not a duration; write a whole number and one of ms, s, m, h, d, as in 500ms, 90s or 24h"#
      ),
      (
        "-5m",
        #""-5m" is not a duration; write a whole number and one of ms, s, m, h, d, as in 500ms, 90s or 24h"#
      ),
      (
        "5 m",
        #""5 m" is not a duration; write a whole number and one of ms, s, m, h, d, as in 500ms, 90s or 24h"#
      ),
      (
        "5M",
        #""5M" is not a duration; write a whole number and one of ms, s, m, h, d, as in 500ms, 90s or 24h"#
      ),
      ("3651d", #""3651d" is too long; the longest duration is 3650d"#),
      (
        "99999999999999999999s",
        #""99999999999999999999s" is too long; the longest duration is 3650d"#
      ),
    ])
  func refuses(text: String, message: String) {
    let error = #expect(throws: DurationText.Invalid.self) { try DurationText.parse(text) }
    #expect(error?.description == message)
  }

  @Test(
    "A duration is written in its usual spelling",
    arguments: [
      (0, "0s"), (1, "1ms"), (1_000, "1s"), (1_500, "1500ms"), (60_000, "60s"), (90_000, "90s"),
      (300_000, "5m"), (3_600_000, "60m"), (86_400_000, "24h"), (604_800_000, "7d"),
    ] as [(Milliseconds, String)])
  func writes(milliseconds: Milliseconds, text: String) throws {
    #expect(DurationText.text(of: milliseconds) == text)
    #expect(try DurationText.parse(text) == milliseconds)
  }
}
