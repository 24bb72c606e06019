import Attribution
import Foundation
import Yams

extension Configuration {
  /// The configuration that `file`, then `environment`, then `overrides` make of the defaults; the
  /// later wins, setting by setting, and librdkafka property by property.
  ///
  /// - Parameters:
  ///   - file: Path of a YAML file; nil for none. Every key is optional.
  ///   - environment: All of the process's variables. `TRIBUTARY_` and a setting's path in capitals,
  ///     joined by `_`, sets it; `TRIBUTARY_KAFKA_SECURITY_PROTOCOL` sets the librdkafka property
  ///     `security.protocol`. With `_FILE` behind the name the value stands in a file. An unknown name that
  ///     begins with `TRIBUTARY_` is an error, except those that commands and tests read themselves, and what
  ///     Kubernetes makes for services whose names begin with `tributary`.
  ///   - overrides: Settings from the command line, in the order given.
  /// - Throws: The first fault found, with its place.
  public static func load(
    file: String?, environment: [String: String], overrides: [Override] = []
  ) throws(ConfigurationError) -> Configuration {
    try loadWithOrigins(file: file, environment: environment, overrides: overrides).configuration
  }

  /// As ``load(file:environment:overrides:)``, with where each value comes from: `config.yaml:12`, a variable's
  /// name, a flag. By path; librdkafka properties as `kafka.` and their name. Defaults are not in it.
  public static func loadWithOrigins(
    file: String?, environment: [String: String], overrides: [Override] = []
  ) throws(ConfigurationError) -> (configuration: Configuration, origins: [String: String]) {
    var loader = Loader()
    if let file { try loader.apply(yaml: try contents(of: file), named: file) }
    let configuration = try loader.finish(environment: environment, overrides: overrides)
    let origins = loader.origins.mapValues { value in
      value.source + (value.node.mark.map { ":\($0.line)" } ?? "")
    }
    return (configuration, origins)
  }

  /// As ``load(file:environment:overrides:)``, with the file's text at hand.
  static func load(
    yaml: String, named name: String = "config.yaml", environment: [String: String] = [:],
    overrides: [Override] = []
  ) throws(ConfigurationError) -> Configuration {
    var loader = Loader()
    try loader.apply(yaml: yaml, named: name)
    return try loader.finish(environment: environment, overrides: overrides)
  }

  private static func contents(of file: String) throws(ConfigurationError) -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory) else {
      throw ConfigurationError(
        source: file, problem: "there is no such file", advice: "check the path given with -c")
    }
    if isDirectory.boolValue {
      throw ConfigurationError(
        source: file, problem: "is a directory", advice: "give a YAML file with -c")
    }
    guard let bytes = FileManager.default.contents(atPath: file) else {
      throw ConfigurationError(
        source: file, problem: "cannot be read", advice: "check the file's permissions")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(source: file, problem: "is not UTF-8", advice: "save it as UTF-8")
    }
    return text
  }
}

/// Applies one source after the other, and remembers where each setting came from.
private struct Loader {
  var configuration = Configuration()
  /// The value that each path, or `kafka.` and property, got last.
  var origins: [String: SettingValue] = [:]

  mutating func finish(
    environment: [String: String], overrides: [Configuration.Override]
  ) throws(ConfigurationError) -> Configuration {
    try apply(environment: environment)
    for override in overrides { try apply(override) }
    try checkTogether()
    return configuration
  }

  private mutating func set(
    _ setting: Setting, to value: SettingValue
  ) throws(ConfigurationError) {
    guard setting.path == "kafka" else {
      try setting.read(value, &configuration)
      origins[setting.path] = value
      return
    }
    // Properties add up over the sources; only equal names replace each other.
    let before = configuration.kafka
    try setting.read(value, &configuration)
    configuration.kafka.merge(before) { new, _ in new }
    for (_, property) in value.isNull ? [] : try value.entries() {
      origins[property.path] = property
    }
  }

  // MARK: File

  mutating func apply(yaml text: String, named name: String) throws(ConfigurationError) {
    guard let root = try parse(text, named: name) else { return }
    let document = SettingValue(path: "", node: root, source: name)
    if document.isNull { return }
    guard root.mapping != nil else {
      throw ConfigurationError(
        source: name, line: root.mark?.line, column: root.mark?.column,
        problem: "the file is not a mapping", advice: "write key: value lines")
    }
    try apply(section: document)
  }

  private mutating func apply(section: SettingValue) throws(ConfigurationError) {
    for (key, value) in try section.entries() {
      if let setting = Setting.at(value.path) {
        try set(setting, to: value)
      } else if Setting.all.contains(where: { $0.path.hasPrefix(value.path + ".") }) {
        if !value.isNull { try apply(section: value) }
      } else {
        throw unknownKey(key, value, in: section)
      }
    }
  }

  private func unknownKey(
    _ key: SettingValue, _ value: SettingValue, in section: SettingValue
  ) -> ConfigurationError {
    let name = key.node.scalar?.string ?? ""
    let prefix = section.path.isEmpty ? "" : section.path + "."
    let siblings = Setting.all.map(\.path).filter { $0.hasPrefix(prefix) }.map {
      String($0.dropFirst(prefix.count).prefix { $0 != "." })
    }
    var known: [String] = []
    for sibling in siblings where known.last != sibling { known.append(sibling) }
    var error = key.unknownKey(name, among: known)
    if suggestion(for: name, among: known) != nil { return error }
    if let elsewhere = Setting.all.first(where: { $0.path.hasSuffix("." + name) }) {
      error.advice = "did you mean \(elsewhere.path)?"
    } else if prefix.isEmpty, name.contains(".") {
      error.advice = "librdkafka properties stand under kafka"
    }
    return error
  }

  private func parse(_ text: String, named name: String) throws(ConfigurationError) -> Node? {
    let text =
      text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    do {
      return try Parser(yaml: text, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      throw ConfigurationError(yamlError: error, source: name)
    } catch {
      throw ConfigurationError(source: name, problem: "is not valid YAML")
    }
  }

  // MARK: Environment

  private mutating func apply(environment: [String: String]) throws(ConfigurationError) {
    let prefix = "TRIBUTARY_"
    for (source, content) in environment.sorted(by: { $0.key < $1.key })
    where source.hasPrefix(prefix)
      && !ForeignVariable.contains(source.dropFirst(prefix.count), value: content)
    {
      let (name, text) = try fileVariable(source, content, environment) ?? (source, content)
      if let setting = Setting.all.first(where: { $0.environmentVariable == name }) {
        try set(setting, to: try value(for: setting, text: text, source: source))
      } else if let property = kafkaProperty(of: name) {
        try setKafka(property, to: text, source: source)
      } else {
        let meant = suggestion(
          for: String(name.dropFirst("TRIBUTARY_".count)), among: Setting.all.map(\.path)
        ).flatMap(Setting.at)?.environmentVariable
        throw ConfigurationError(
          source: name, problem: "unknown environment variable",
          advice: Setting.renamed[name.dropFirst("TRIBUTARY_".count).lowercased()]
            ?? meant.map { "did you mean \($0)?" }
            ?? "TRIBUTARY_ must be followed by a setting's name, as in TRIBUTARY_TOPICS_CLICKS")
      }
    }
  }

  /// What a variable called `…_FILE` stands for: the variable without the ending, and the text of the file
  /// without the line break at its end. Nil for any other name.
  private func fileVariable(
    _ name: String, _ path: String, _ environment: [String: String]
  ) throws(ConfigurationError) -> (name: String, text: String)? {
    let ending = "_FILE"
    guard name.hasSuffix(ending) else { return nil }
    let plain = String(name.dropLast(ending.count))
    let isSetting = Setting.all.contains { $0.environmentVariable == plain }
    guard isSetting || kafkaProperty(of: plain) != nil else { return nil }
    if environment[plain] != nil {
      throw ConfigurationError(
        source: name, problem: "\(plain) is set as well", advice: "keep one of them")
    }
    guard !path.isEmpty, let bytes = FileManager.default.contents(atPath: path),
      let text = String(validating: bytes, as: UTF8.self)
    else {
      throw ConfigurationError(
        source: name, problem: "the file \(quoted(path)) cannot be read",
        advice: "check its path and permissions")
    }
    let end = text.hasSuffix("\r\n") || text.hasSuffix("\n") ? 1 : 0
    return (plain, String(text.dropLast(end)))
  }

  private func kafkaProperty(of name: String) -> String? {
    let prefix = "TRIBUTARY_KAFKA_"
    guard name.hasPrefix(prefix), name.count > prefix.count else { return nil }
    return name.dropFirst(prefix.count).lowercased().split(
      separator: "_", omittingEmptySubsequences: false
    ).joined(separator: ".")
  }

  // MARK: Flags

  private mutating func apply(_ override: Configuration.Override) throws(ConfigurationError) {
    switch override {
    case .bootstrapServers(let brokers):
      try apply(.setting(path: "bootstrap_servers", value: brokers, flag: "-b"))
    case .kafkaProperty(let text):
      // The text is never quoted: it may be a secret.
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ConfigurationError(
          source: "-X", problem: "is not followed by property=value",
          advice: "write it as in -X security.protocol=SSL")
      }
      let property = String(text[..<equals])
      let value = String(text[text.index(after: equals)...])
      try setKafka(
        property, to: value, source: isKafkaPropertyName(property) ? "-X \(property)" : "-X")
    case .setting(let path, let text, let flag):
      if path.hasPrefix("kafka."), case let property = String(path.dropFirst("kafka.".count)) {
        return try setKafka(property, to: text, source: "\(flag) \(path)")
      }
      guard let setting = Setting.at(path) else {
        let meant = suggestion(for: path, among: Setting.all.map(\.path))
        throw ConfigurationError(
          source: flag, problem: "there is no setting \(quoted(path))",
          advice: Setting.renamed[path] ?? meant.map { "did you mean \($0)?" }
            ?? "see tributary run --help")
      }
      try set(setting, to: try value(for: setting, text: text, source: flag))
    case .assignment(let text):
      // The text is never quoted: it may be a secret.
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ConfigurationError(
          source: "-s", problem: "is not followed by key=value",
          advice: "write it as in -s lookback=7d")
      }
      try apply(
        .setting(
          path: String(text[..<equals]), value: String(text[text.index(after: equals)...]),
          flag: "-s"
        ))
    }
  }

  // MARK: Texts from outside a file

  private mutating func setKafka(
    _ property: String, to text: String, source: String
  ) throws(ConfigurationError) {
    let pair = (Node(property), Node(text, .implicit, .doubleQuoted))
    let value = SettingValue(path: "kafka", node: Node([pair]), source: source)
    guard let setting = Setting.at("kafka") else { return }
    try set(setting, to: value)
  }

  private func value(
    for setting: Setting, text: String, source: String
  ) throws(ConfigurationError) -> SettingValue {
    let trimmed = text[...].trimmingWhitespace()
    switch setting.shape {
    case .scalar:
      return SettingValue(path: setting.path, text: String(trimmed), source: source)
    case .list where !trimmed.hasPrefix("["):
      let items =
        trimmed.isEmpty ? [] : trimmed.split(separator: ",", omittingEmptySubsequences: false)
      let nodes = items.map { Node(String($0.trimmingWhitespace()), .implicit, .doubleQuoted) }
      return SettingValue(path: setting.path, node: Node(nodes), source: source)
    case .list, .structure:
      // Of several flags of this name the one that is no YAML.
      let name = source == "-s" ? "-s \(setting.path)" : source
      let node = try parse(text, named: name) ?? Node("")
      return SettingValue(path: setting.path, node: node, source: source)
    }
  }

  // MARK: Settings together

  private func error(
    at path: String, _ problem: String, _ advice: String
  ) -> ConfigurationError {
    // Of two settings that do not fit each other one has been set, or they would be defaults.
    let value = origins[path]
    return ConfigurationError(
      source: value?.source ?? "defaults", line: value?.node.mark?.line,
      column: value?.node.mark?.column, problem: problem, advice: advice)
  }

  private func checkTogether() throws(ConfigurationError) {
    try checkTopicsAreDistinct()
    try checkInputs()
    try checkFields()
    try checkOutput()
    try checkTransactionTimes()
  }

  private func checkInputs() throws(ConfigurationError) {
    let hasImpressions = configuration.topicInputs.contains { $0.kind == .impression }
    if configuration.definitions.touchKinds.contains(.impression), !hasImpressions {
      if configuration.inputs != nil {
        throw error(
          at: "inputs", "inputs has no topic of kind impression, but touch_kinds lists impression",
          "add one, or take impression out of touch_kinds")
      }
      throw error(
        at: "topics.impressions", "topics.impressions is null, but touch_kinds lists impression",
        "name the topic, or take impression out of touch_kinds")
    }
    guard let entries = configuration.inputs, let value = origins["inputs"] else { return }
    try InputChecks(configuration: configuration, value: value, entries: entries).check()
  }

  /// The extra fields must be told apart, and views must list fields that there are.
  private func checkFields() throws(ConfigurationError) {
    let definitions = configuration.definitions
    let lists = [
      ("dimensions", definitions.dimensions),
      ("conversion_dimensions", definitions.conversionDimensions),
      ("match_on", definitions.matchOn),
    ]
    var pathOfName: [String: String] = [:]
    for (path, names) in lists {
      for name in names {
        // Columns of tables are the same in any case.
        guard let other = pathOfName.updateValue(path, forKey: name.lowercased()) else { continue }
        throw error(
          at: path,
          "\(path) lists \(quoted(name)), which \(other == path ? "it" : other) lists already",
          "list it once: fields of match_on are of touches and conversions, and views may list them as they are"
        )
      }
    }
    if pathOfName.count > Definitions.mostFields {
      throw error(
        at: lists.last { !$0.1.isEmpty }!.0,
        "dimensions, conversion_dimensions and match_on name \(pathOfName.count) fields together",
        "name at most \(Definitions.mostFields)")
    }
    try origins["views"]?.checkViews(definitions.allDimensions)
  }

  /// Avro needs a registry, and names that it allows.
  private func checkOutput() throws(ConfigurationError) {
    guard configuration.outputFormat == .avro else { return }
    guard configuration.schemaRegistry != nil else {
      throw error(
        at: "output_format", "output_format is avro, but there is no schema_registry",
        "set schema_registry")
    }
    let name = configuration.definitions.allDimensions.first {
      $0.rawValue.utf8.contains(UInt8(ascii: "-"))
    }
    if let name = name?.rawValue {
      let definitions = configuration.definitions
      let path =
        definitions.dimensions.contains(name)
        ? "dimensions" : definitions.matchOn.contains(name) ? "match_on" : "conversion_dimensions"
      throw error(
        at: path, "\(path) lists \(quoted(name)), which is no name that Avro allows",
        "write '_' for '-'; `inputs` can read any field under such a name")
    }
  }

  private func checkTopicsAreDistinct() throws(ConfigurationError) {
    let topics = configuration.topics
    var uses: [(path: String, topic: String?)] = [
      ("application_id", configuration.deltasTopic), ("application_id", configuration.stateTopic),
    ]
    // Several inputs may share a topic.
    var inputTopics: Set<String> = []
    if let inputs = configuration.inputs {
      for case let topic? in inputs.map(\.topic) where inputTopics.insert(topic).inserted {
        uses.append(("inputs", topic))
      }
    } else {
      uses += [
        ("topics.impressions", topics.impressions), ("topics.clicks", topics.clicks),
        ("topics.conversions", topics.conversions), ("topics.costs", topics.costs),
      ]
    }
    uses += [
      ("topics.rollups", topics.rollups), ("topics.attributions", topics.attributions),
      ("topics.dead_letters", topics.deadLetters), ("topics.late_events", topics.lateEvents),
      ("topics.accepted", topics.accepted),
    ]
    var pathOfTopic: [String: String] = [:]
    for (path, topic) in uses {
      guard let topic else { continue }
      guard let other = pathOfTopic.updateValue(path, forKey: topic) else { continue }
      let use = other == "application_id" ? "is an internal topic's name" : "is also \(other)"
      throw error(
        at: origins[path] == nil ? other : path, "\(path) \(quoted(topic)) \(use)",
        "give every topic its own name")
    }
  }

  private func checkTransactionTimes() throws(ConfigurationError) {
    let transaction = try milliseconds("transaction.timeout.ms", in: 1_000...longestTransaction)
    let limit = transaction ?? longestTransaction
    if configuration.commitInterval >= limit {
      throw error(
        at: "kafka.transaction.timeout.ms",
        "kafka.transaction.timeout.ms is not longer than commit_interval",
        "lengthen the one or shorten the other")
    }
    for name in deliveryTimeoutNames { _ = try milliseconds(name, in: 1...(limit - 1)) }
  }

  private func milliseconds(
    _ property: String, in range: ClosedRange<Milliseconds>
  ) throws(ConfigurationError) -> Milliseconds? {
    guard let text = configuration.kafka[property] else { return nil }
    guard let value = Milliseconds(text), range.contains(value) else {
      throw error(
        at: "kafka.\(property)", "kafka.\(property) cannot be \(quoted(text))",
        "write milliseconds from \(range.lowerBound) to \(range.upperBound), "
          + "so that no transaction blocks readers for long")
    }
    return value
  }
}

extension ConfigurationError {
  /// What Yams says, on one line and without the text of the file, which may hold secrets.
  fileprivate init(yamlError: YamlError, source: String) {
    let advice = "check indentation (spaces, no tabs), brackets and quotes here"
    switch yamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      self.init(
        source: source, line: mark.line, column: mark.column,
        problem: "not valid YAML: \(problem)", advice: advice)
    case .reader(let problem, let offset, _, let yaml):
      let before = yaml.prefix(offset ?? 0)
      let lines = before.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      self.init(
        source: source, line: offset == nil ? nil : lines.count,
        column: offset == nil ? nil : (lines.last?.count ?? 0) + 1,
        problem: "not valid YAML: \(problem)", advice: "remove the character")
    case .duplicatedKeysInMapping(let names, let context):
      self.init(
        source: source, line: context.mark.line, column: context.mark.column,
        problem: "the key \(quoted(names.first ?? "")) stands twice in one mapping",
        advice: "keep one of them")
    default:
      self.init(source: source, problem: "not valid YAML", advice: advice)
    }
  }
}
