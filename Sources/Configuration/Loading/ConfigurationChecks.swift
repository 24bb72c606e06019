import Attribution

/// What the settings must keep to together, whatever each of them says alone.
struct ConfigurationChecks {
  let configuration: Configuration
  /// The value that each path, or `kafka.` and property, got last.
  let origins: [String: SettingValue]

  func error(
    at path: String, _ problem: String, _ advice: String
  ) -> ConfigurationError {
    // Of two settings that do not fit each other one has been set, or they would be defaults.
    let value = origins[path]
    return ConfigurationError(
      source: value?.source ?? "defaults", line: value?.node.mark?.line,
      column: value?.node.mark?.column, problem: problem, advice: advice)
  }

  func check() throws(ConfigurationError) {
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
