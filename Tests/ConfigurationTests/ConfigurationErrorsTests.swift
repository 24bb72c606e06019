import Foundation
import Testing

@testable import Configuration

/// A file that cannot be used, and the one line that says so.
struct BadFile: CustomTestStringConvertible, Sendable {
  var yaml: String
  var message: String
  var testDescription: String { message }

  init(_ yaml: String, _ message: String) {
    self.yaml = yaml
    self.message = message
  }
}

private let durationForm =
  "write a whole number and one of ms, s, m, h, d, as in 500ms, 90s or 24h"
private let nameForm = "use letters, digits, '.', '_' and '-' only"
private let viewNameForm = "use 1 to 128 letters, digits, '-', '.', '_' and '~'"
private let models = "first_touch, last_touch, linear, time_decay, position_based, last_non_direct"
private let syntaxForm = "check indentation (spaces, no tabs), brackets and quotes here"

private func view(_ fields: String) -> String { "views:\n  - {\(fields)}" }

private let badFiles = [
  // Keys
  BadFile(
    "allowed_lateness: 10m",
    #"c.yaml:1:1: the key "allowed_lateness" has another name now; write watermark_delay; "#
      + "Flink and Beam call correction_horizon the allowed lateness"),
  BadFile("lookbak: 5m", #"c.yaml:1:1: unknown key "lookbak"; did you mean lookback?"#),
  BadFile(
    "currency: EUR\nbootstrap-servers: x",
    #"c.yaml:2:1: unknown key "bootstrap-servers"; did you mean bootstrap_servers?"#),
  BadFile(
    "topics:\n  clciks: x", #"c.yaml:2:3: unknown key "clciks"; did you mean clicks?"#),
  BadFile(
    "conversions: x", #"c.yaml:1:1: unknown key "conversions"; did you mean topics.conversions?"#),
  BadFile(
    "security.protocol: SSL",
    #"c.yaml:1:1: unknown key "security.protocol"; librdkafka properties stand under kafka"#),
  BadFile(
    "topics: {everything: x}",
    #"c.yaml:1:10: unknown key "everything"; valid keys: impressions, clicks, conversions, costs, rollups, attributions, dead_letters, late_events, accepted"#
  ),
  BadFile(
    "lookback: 5m\ncurrency: EUR\nlookback: 6m",
    #"c.yaml:1:1: the key "lookback" stands twice in one mapping; keep one of them"#),
  BadFile("[a]: b", "c.yaml:1:1: the key must be a plain name"),
  // The file as a whole
  BadFile("- a", "c.yaml:1:1: the file is not a mapping; write key: value lines"),
  BadFile("just text", "c.yaml:1:1: the file is not a mapping; write key: value lines"),
  BadFile(
    "topics:\n\tclicks: x",
    "c.yaml:2:1: not valid YAML: found character that cannot start any token; \(syntaxForm)"),
  BadFile(
    "models: [linear\nworkers: 1",
    "c.yaml:2:8: not valid YAML: did not find expected ',' or ']'; \(syntaxForm)"),
  BadFile(
    "workers: 1\n---\nworkers: 2",
    "c.yaml:2:1: not valid YAML: but found another document; \(syntaxForm)"),
  BadFile(
    "workers: \u{1}",
    "c.yaml:1:10: not valid YAML: control characters are not allowed; remove the character"),
  // Names
  BadFile("application_id: ''", "c.yaml:1:17: application_id is empty; \(nameForm)"),
  BadFile(
    "application_id: my app",
    "c.yaml:1:17: application_id holds a character that Kafka does not allow in names; \(nameForm)"),
  BadFile(
    "application_id: " + String(repeating: "a", count: 241),
    "c.yaml:1:17: application_id is longer than 240 characters; \(nameForm)"),
  BadFile(
    "application_id:",
    "c.yaml:1:16: application_id has no value; write one, or leave the key out to get the default"),
  BadFile("application_id: [a]", "c.yaml:1:17: application_id must be a single value"),
  BadFile(
    "instance_id: a/b",
    "c.yaml:1:14: instance_id holds a character that Kafka does not allow in names; \(nameForm)"),
  BadFile(
    "bootstrap_servers: 'a:1,,b:2'",
    "c.yaml:1:20: bootstrap_servers holds an empty address; write host:port, and commas between several"
  ),
  BadFile(
    "bootstrap_servers: a:1 b:2",
    "c.yaml:1:20: bootstrap_servers has addresses that are not separated by commas; write host:port, and commas between several"
  ),
  BadFile(
    "bootstrap_servers: localhost:kafka",
    "c.yaml:1:20: bootstrap_servers has an address whose port is not a number from 1 to 65535; write host:port, and commas between several"
  ),
  // Topics
  BadFile(
    "topics:\n  clicks: null",
    "c.yaml:2:11: topics.clicks cannot be null; only topics.impressions and topics.costs can be left out"
  ),
  BadFile(
    "topics:\n  rollups:\n",
    "c.yaml:2:11: topics.rollups cannot be null; only topics.impressions and topics.costs can be left out"
  ),
  BadFile(
    "topics: {clicks: ..}",
    "c.yaml:1:18: topics.clicks is not a name that Kafka allows; \(nameForm)"),
  BadFile("topics: {costs: ''}", "c.yaml:1:17: topics.costs is empty; \(nameForm)"),
  BadFile(
    "topics: {clicks: impressions}",
    #"c.yaml:1:18: topics.clicks "impressions" is also topics.impressions; give every topic its own name"#
  ),
  BadFile(
    "topics: {impressions: clicks}",
    #"c.yaml:1:23: topics.clicks "clicks" is also topics.impressions; give every topic its own name"#
  ),
  BadFile(
    "application_id: ads\ntopics: {rollups: ads-state}",
    #"c.yaml:2:19: topics.rollups "ads-state" is an internal topic's name; give every topic its own name"#
  ),
  BadFile("topics: clicks", "c.yaml:1:9: topics must be a mapping; write key: value pairs"),
  BadFile(
    "touch_kinds: [impression]\ntopics: {impressions: null}",
    "c.yaml:2:23: topics.impressions is null, but touch_kinds lists impression; name the topic, or take impression out of touch_kinds"
  ),
  // Meaning
  BadFile(
    "currency: euro",
    #"c.yaml:1:11: currency cannot be "euro"; write three capital letters, as in EUR"#),
  BadFile(
    "currency: eur",
    #"c.yaml:1:11: currency cannot be "eur"; write three capital letters, as in EUR"#),
  BadFile(
    "lookback: 30",
    #"c.yaml:1:11: lookback: "30" has no unit; add one of ms, s, m, h, d, as in 30s"#
  ),
  BadFile("lookback: 5min", #"c.yaml:1:11: lookback: "5min" is not a duration; \#(durationForm)"#),
  BadFile("half_life: 0s", "c.yaml:1:12: half_life is too short; it must be longer than 0"),
  BadFile(
    "correction_horizon: 0d",
    "c.yaml:1:21: correction_horizon is too short; it must be longer than 0"),
  BadFile("lookback: {a: b}", "c.yaml:1:11: lookback must be a single value"),
  BadFile("prefer_clicks: yes", #"c.yaml:1:16: prefer_clicks is "yes"; write true or false"#),
  BadFile(
    "touch_kinds: [clicks]",
    #"c.yaml:1:15: touch_kinds[0] cannot be "clicks"; did you mean click? valid: click, impression"#
  ),
  BadFile("touch_kinds: []", "c.yaml:1:14: touch_kinds is empty; list click, impression or both"),
  BadFile(
    "models: [last-touch]",
    #"c.yaml:1:10: models[0] cannot be "last-touch"; did you mean last_touch? valid: \#(models)"#),
  BadFile(
    "models: [linear, shapley]",
    #"c.yaml:1:18: models[1] cannot be "shapley"; valid: \#(models)"#),
  BadFile(
    "models: [linear, linear]", #"c.yaml:1:18: models[1] repeats "linear"; list it once"#),
  BadFile(
    "models: [linear, {name: linear, since: \"2026-01-06T12:00:00Z\"}]",
    #"c.yaml:1:18: models[1] repeats "linear"; list it once"#),
  BadFile(
    "models: [{since: \"2026-01-06T12:00:00Z\"}]",
    "c.yaml:1:10: models[0] has no name; a model that was added later needs name and since"),
  BadFile(
    "models: [{name: linear, from: soon}]",
    #"c.yaml:1:25: unknown key "from"; valid keys: name, since"#),
  BadFile(
    "models: [{name: linear, since: soon}]",
    #"c.yaml:1:32: models[0].since cannot be "soon"; write an instant, as in 2026-01-05T08:00:00Z"#),
  BadFile("models: []", "c.yaml:1:9: models is empty; list at least one of \(models)"),
  BadFile(
    "models: linear", "c.yaml:1:9: models must be a list; write it in brackets, as in [a, b]"),
  BadFile(
    "direct_channels: [a, a]", #"c.yaml:1:22: direct_channels[1] repeats "a"; list it once"#),
  // Views
  BadFile(
    "views: []", "c.yaml:1:8: views is empty; define at least one view, or leave the key out"),
  BadFile("views: [x]", "c.yaml:1:9: views[0] must be a mapping; write key: value pairs"),
  BadFile(
    view("name: v, dimensions: [channel]"),
    "c.yaml:2:5: views[0] has no period; a view needs name, dimensions and period"),
  BadFile(
    view("name: v, dimension: [channel], period: 5m"),
    #"c.yaml:2:15: unknown key "dimension"; did you mean dimensions?"#),
  BadFile(
    view("name: '', dimensions: [channel], period: 5m"),
    #"c.yaml:2:12: views[0].name cannot be ""; \#(viewNameForm)"#),
  BadFile(
    view("name: a|b, dimensions: [channel], period: 5m"),
    #"c.yaml:2:12: views[0].name cannot be "a|b"; \#(viewNameForm)"#),
  BadFile(
    view("name: v, dimensions: [], period: 5m"),
    "c.yaml:2:27: views[0].dimensions is empty; list at least one of campaign_id, channel, ad_id"),
  BadFile(
    view("name: v, dimensions: [campaign], period: 5m"),
    #"c.yaml:2:28: views[0].dimensions[0] cannot be "campaign"; did you mean campaign_id? valid: campaign_id, channel, ad_id"#
  ),
  BadFile(
    view("name: v, dimensions: [channel, channel], period: 5m"),
    #"c.yaml:2:37: views[0].dimensions[1] repeats "channel"; list it once"#),
  BadFile(
    view("name: v, dimensions: [channel], period: 7m"),
    "c.yaml:2:46: views[0].period does not divide a day into whole seconds; use one that does, as in 10s, 5m, 1h or 24h"
  ),
  BadFile(
    view("name: v, dimensions: [channel], period: 500ms"),
    "c.yaml:2:46: views[0].period does not divide a day into whole seconds; use one that does, as in 10s, 5m, 1h or 24h"
  ),
  BadFile(
    view("name: v, dimensions: [channel], period: 2d"),
    "c.yaml:2:46: views[0].period does not divide a day into whole seconds; use one that does, as in 10s, 5m, 1h or 24h"
  ),
  BadFile(
    view("name: v, dimensions: [channel], period: 0s"),
    "c.yaml:2:46: views[0].period is too short; it must be longer than 0"),
  BadFile(
    view("name: v, dimensions: [channel], period: 5m, bucket_conversions_by: click"),
    #"c.yaml:2:73: views[0].bucket_conversions_by cannot be "click"; valid: conversion, touch"#),
  BadFile(
    view("name: v, dimensions: [channel], period: 5m, since: soon"),
    #"c.yaml:2:57: views[0].since cannot be "soon"; write an instant, as in 2026-01-05T08:00:00Z"#),
  BadFile(
    "views:\n- {name: v, dimensions: [channel], period: 5m}\n- {name: v, dimensions: [ad_id], period: 1h}",
    #"c.yaml:3:3: views[1] repeats the name "v"; give every view its own name"#),
  // Running
  BadFile("workers: -1", #"c.yaml:1:10: workers is "-1"; write a whole number from 0 to 1024"#),
  BadFile("workers: two", #"c.yaml:1:10: workers is "two"; write a whole number from 0 to 1024"#),
  BadFile(
    "commit_interval: 9ms", "c.yaml:1:18: commit_interval is too short; the shortest is 10ms"),
  BadFile("commit_interval: 11s", "c.yaml:1:18: commit_interval is too long; the longest is 10s"),
  // librdkafka
  BadFile(
    "kafka:\n  linger.ms: 5\n  group.id: mine",
    "c.yaml:3:3: kafka cannot set group.id, which Tributary decides itself; it follows from application_id"
  ),
  BadFile(
    "kafka: {bootstrap.servers: x}",
    "c.yaml:1:9: kafka cannot set bootstrap.servers, which Tributary decides itself; set bootstrap_servers instead"
  ),
  BadFile("kafka: [a]", "c.yaml:1:8: kafka must be a mapping; write key: value pairs"),
  BadFile(
    "kafka:\n  security:\n    protocol: SSL",
    "c.yaml:3:5: kafka.security must be a single value; write the property's full name with dots, as librdkafka does"
  ),
  BadFile(
    "kafka: {debug: null}", #"c.yaml:1:16: kafka.debug has no value; write "" for an empty one"#),
  BadFile(
    "kafka: {transaction.timeout.ms: 60000}",
    #"c.yaml:1:33: kafka.transaction.timeout.ms cannot be "60000"; write milliseconds from 1000 to 15000, so that no transaction blocks readers for long"#
  ),
  BadFile(
    "kafka: {transaction.timeout.ms: 5000, message.timeout.ms: 5000}",
    #"c.yaml:1:59: kafka.message.timeout.ms cannot be "5000"; write milliseconds from 1 to 4999, so that no transaction blocks readers for long"#
  ),
  BadFile(
    "commit_interval: 5s\nkafka: {transaction.timeout.ms: 5000}",
    "c.yaml:2:33: kafka.transaction.timeout.ms is not longer than commit_interval; lengthen the one or shorten the other"
  ),
]

@Suite("A configuration that cannot be used")
struct ConfigurationErrors {
  @Test("A fault in the file is told in one line, with its place", arguments: badFiles)
  func fileFault(_ file: BadFile) {
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.load(yaml: file.yaml, named: "c.yaml")
    }
    #expect(error?.description == file.message)
    #expect(error?.description.contains("\n") == false)
  }

  @Test(
    "A fault in the environment names the variable",
    arguments: [
      ("TRIBUTARY_LOOKBAK", "1h", "unknown environment variable; did you mean TRIBUTARY_LOOKBACK?"),
      (
        "TRIBUTARY_HOME", "x",
        "unknown environment variable; TRIBUTARY_ must be followed by a setting's name, as in TRIBUTARY_TOPICS_CLICKS"
      ),
      (
        "TRIBUTARY_LOOKBACK", "30",
        #"lookback: "30" has no unit; add one of ms, s, m, h, d, as in 30s"#
      ),
      ("TRIBUTARY_TOPICS_CLICKS", "", "topics.clicks is empty; \(nameForm)"),
      (
        "TRIBUTARY_TOPICS_CLICKS", "null",
        "topics.clicks cannot be null; only topics.impressions and topics.costs can be left out"
      ),
      ("TRIBUTARY_MODELS", "linear,", #"models[1] cannot be ""; valid: \#(models)"#),
      ("TRIBUTARY_MODELS", "", "models is empty; list at least one of \(models)"),
      (
        "TRIBUTARY_KAFKA_GROUP_ID", "x",
        "kafka cannot set group.id, which Tributary decides itself; it follows from application_id"
      ),
      (
        "TRIBUTARY_KAFKA_", "x",
        "unknown environment variable; did you mean TRIBUTARY_KAFKA?"
      ),
    ])
  func environmentFault(variable: String, value: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.load(file: nil, environment: [variable: value])
    }
    #expect(error?.description == "\(variable): \(message)")
  }

  @Test("A fault in inline YAML has a place inside the variable")
  func inlineFault() {
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.load(
        file: nil,
        environment: ["TRIBUTARY_VIEWS": "[{name: v, dimensions: [channel], period: 7m}]"])
    }
    #expect(error?.source == "TRIBUTARY_VIEWS")
    #expect(error?.line == 1)
    #expect(error?.column == 43)
  }

  @Test("A fault on the command line names the flag")
  func flagFaults() {
    func message(_ override: Configuration.Override) -> String? {
      #expect(throws: ConfigurationError.self) {
        try Configuration.load(file: nil, environment: [:], overrides: [override])
      }?.description
    }
    #expect(
      message(.bootstrapServers(""))
        == "-b: bootstrap_servers holds an empty address; write host:port, and commas between several"
    )
    #expect(
      message(.kafkaProperty("security.protocol"))
        == "-X: is not followed by property=value; write it as in -X security.protocol=SSL")
    #expect(
      message(.kafkaProperty("isolation.level=read_uncommitted"))
        == "-X isolation.level: kafka cannot set isolation.level, which Tributary decides itself; only committed records may be read"
    )
    #expect(
      message(.setting(path: "models", value: "markov", flag: "--models"))
        == #"--models: models[0] cannot be "markov"; valid: \#(models)"#)
    #expect(
      message(.setting(path: "model", value: "linear", flag: "--model"))
        == #"--model: there is no setting "model"; did you mean models?"#)
  }

  @Test("A conflict is shown where the later of the two settings was made")
  func conflictAcrossSources() {
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.load(
        yaml: "topics: {clicks: a}", environment: ["TRIBUTARY_TOPICS_CONVERSIONS": "a"])
    }
    #expect(
      error?.description
        == #"TRIBUTARY_TOPICS_CONVERSIONS: topics.conversions "a" is also topics.clicks; give every topic its own name"#
    )
  }

  @Test("A file that cannot be read says why")
  func unreadableFile() throws {
    func message(_ path: String) -> String? {
      #expect(throws: ConfigurationError.self) {
        try Configuration.load(file: path, environment: [:])
      }?.description
    }
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("tributary-configuration-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let missing = directory.appendingPathComponent("missing.yaml").path
    #expect(
      message(missing) == "\(missing): there is no such file; check the path given with -c")
    #expect(
      message(directory.path) == "\(directory.path): is a directory; give a YAML file with -c")
    let latin = directory.appendingPathComponent("latin.yaml")
    try Data([0x63, 0x3A, 0x20, 0xE9]).write(to: latin)
    #expect(message(latin.path) == "\(latin.path): is not UTF-8; save it as UTF-8")
    let good = directory.appendingPathComponent("good.yaml")
    try Data("workers: 7\n".utf8).write(to: good)
    #expect(try Configuration.load(file: good.path, environment: [:]).workers == 7)
  }

  @Test("Every property that Tributary owns is refused from every source")
  func ownedPropertiesAreRefused() {
    for property in ownedKafkaProperties.keys {
      #expect(throws: ConfigurationError.self) {
        try Configuration.load(yaml: "kafka: {\(property): x}")
      }
      #expect(throws: ConfigurationError.self) {
        try Configuration.load(
          file: nil, environment: [:], overrides: [.kafkaProperty("\(property)=x")])
      }
    }
  }
}

@Suite("Secrets")
struct Secrets {
  static let secret = "hunter2-and-more"

  @Test(
    "A property that can hold a secret is known by its name",
    arguments: [
      "sasl.password", "sasl.username", "sasl.oauthbearer.client.secret", "sasl.jaas.config",
      "ssl.key.password", "ssl.key.pem", "ssl.key.location", "ssl.keystore.password",
      "SASL.PASSWORD", "some.token",
    ])
  func secretNames(property: String) {
    #expect(Configuration.isSecret(kafkaProperty: property))
  }

  @Test(
    "Other properties are shown",
    arguments: ["security.protocol", "ssl.ca.location", "client.id", "linger.ms"])
  func openNames(property: String) {
    #expect(!Configuration.isSecret(kafkaProperty: property))
  }

  @Test("No rendering of a configuration shows a secret")
  func renderingsAreMasked() throws {
    let configuration = try Configuration.load(
      yaml: "kafka: {sasl.password: \(Self.secret), client.id: shown}")
    #expect(configuration.kafka["sasl.password"] == Self.secret)
    var dumped = ""
    dump(configuration, to: &dumped)
    for text in [
      configuration.yaml(), "\(configuration)", String(reflecting: configuration), dumped,
    ] {
      #expect(!text.contains(Self.secret))
      #expect(text.contains("********"))
      #expect(text.contains("shown"))
    }
  }

  @Test(
    "No error about a file shows a secret",
    arguments: [
      "sasl.password: \(secret)", "kafka: sasl.password=\(secret)", "kafka: [\(secret)]",
      "kafka:\n  sasl.password: [\(secret)]", "kafka:\n  sasl.password: {\(secret): 1}",
      "kafka:\n  sasl.password=\(secret): x", "kafka:\n  sasl.password: \(secret): x",
      "kafka:\n  sasl.password: \"\(secret)\n", "kafka:\n  sasl.password: {\(secret)",
      "kafka: {sasl.password: \(secret), sasl.password: \(secret)}",
      "kafka: {sasl.password: \(secret)}\nmodels: [x]", "kafka: {ssl.key.pem: \(secret), acks: 1}",
    ])
  func fileErrorsAreMasked(yaml: String) {
    let error = #expect(throws: ConfigurationError.self) { try Configuration.load(yaml: yaml) }
    #expect(error?.description.contains("hunter2") == false)
    #expect(error.map { String(reflecting: $0).contains("hunter2") } == false)
  }

  @Test("No error about a variable or a flag shows a secret")
  func otherErrorsAreMasked() {
    let environments = [
      "TRIBUTARY_SASL_PASSWORD": Self.secret, "TRIBUTARY_KAFKA": "sasl.password=\(Self.secret)",
    ]
    for (name, value) in environments {
      let error = #expect(throws: ConfigurationError.self) {
        try Configuration.load(file: nil, environment: [name: value])
      }
      #expect(error?.description.contains("hunter2") == false)
    }
    for text in [
      "sasl.password \(Self.secret)", "=\(Self.secret)", "sasl.password:\(Self.secret)=x",
    ] {
      let error = #expect(throws: ConfigurationError.self) {
        try Configuration.load(file: nil, environment: [:], overrides: [.kafkaProperty(text)])
      }
      #expect(error?.description.contains("hunter2") == false)
    }
  }
}
