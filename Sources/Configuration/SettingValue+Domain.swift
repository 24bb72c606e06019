import Attribution
import Codec

// How each setting that is more than a text or a number is read.

extension SettingValue {
  /// A name, or the beginning of one, that Kafka allows for topics.
  func topicName(longest: Int) throws(ConfigurationError) -> String {
    let name = try text()
    if let fault = topicNameFault(name, longest: longest) {
      throw error(fault, topicNameAdvice)
    }
    return name
  }

  func instanceID() throws(ConfigurationError) -> String {
    let name = try text()
    if !name.isEmpty, let fault = topicNameFault(name, longest: 200) {
      throw error(fault, topicNameAdvice)
    }
    return name
  }

  func brokers() throws(ConfigurationError) -> String {
    let entries = try text().split(separator: ",", omittingEmptySubsequences: false).map {
      $0.trimmingWhitespace()
    }
    for entry in entries {
      if let fault = brokerFault(entry) {
        throw error(fault, "write host:port, and commas between several")
      }
    }
    return entries.joined(separator: ",")
  }

  func currency() throws(ConfigurationError) -> String {
    let code = try text()
    guard code.utf8.count == 3, code.utf8.allSatisfy({ (65...90).contains($0) }) else {
      throw error("cannot be \(quoted(code))", "write three capital letters, as in EUR")
    }
    return code
  }

  func touchKinds() throws(ConfigurationError) -> Set<EventKind> {
    let kinds = try distinct { item throws(ConfigurationError) in
      try item.choice(among: touchKindNames)
    }
    if kinds.isEmpty { throw error("is empty", "list click, impression or both") }
    return Set(kinds)
  }

  func models() throws(ConfigurationError) -> [ConfiguredModel] {
    var models: [ConfiguredModel] = []
    for item in try items() {
      let model = try item.model()
      if models.contains(where: { $0.model == model.model }) {
        throw item.error("repeats \(quoted(model.model.rawValue))", "list it once")
      }
      models.append(model)
    }
    if models.isEmpty {
      let names = Model.allCases.map(\.rawValue).joined(separator: ", ")
      throw error("is empty", "list at least one of " + names)
    }
    return models
  }

  /// A name, or a mapping of `name` and `since`.
  private func model() throws(ConfigurationError) -> ConfiguredModel {
    guard node.mapping != nil else {
      return ConfiguredModel(model: try choice(of: Model.self), since: nil)
    }
    let fields = try fields(["name", "since"])
    guard let name = fields["name"] else {
      throw error("has no name", "a model that was added later needs name and since")
    }
    return ConfiguredModel(
      model: try name.choice(of: Model.self), since: try fields["since"]?.instant())
  }

  // MARK: Views

  func views() throws(ConfigurationError) -> [View] {
    var views: [View] = []
    for item in try items() {
      let view = try item.view()
      if views.contains(where: { $0.name == view.name }) {
        throw item.error("repeats the name \(quoted(view.name))", "give every view its own name")
      }
      views.append(view)
    }
    if views.count > 64 { throw error("has \(views.count) views", "define at most 64") }
    if views.isEmpty { throw error("is empty", "define at least one view, or leave the key out") }
    return views
  }

  private func view() throws(ConfigurationError) -> View {
    let keys = ["name", "dimensions", "period", "bucket_conversions_by", "since"]
    let fields = try fields(keys)
    guard let name = fields["name"], let dimensions = fields["dimensions"],
      let period = fields["period"]
    else {
      let missing = keys.first { fields[$0] == nil } ?? ""
      throw error("has no \(missing)", "a view needs name, dimensions and period")
    }
    return View(
      name: try name.viewName(), dimensions: try dimensions.dimensions(),
      periodMilliseconds: try period.period(),
      bucketConversionsBy: try fields["bucket_conversions_by"]?.choice(of: ConversionBucket.self)
        ?? .conversion,
      since: try fields["since"]?.instant())
  }

  /// The values of a mapping that may have these keys.
  func fields(_ keys: [String]) throws(ConfigurationError) -> [String: SettingValue] {
    var fields: [String: SettingValue] = [:]
    for (key, value) in try entries() {
      let name = key.node.scalar?.string ?? ""
      guard keys.contains(name) else { throw key.unknownKey(name, among: keys) }
      fields[name] = value
    }
    return fields
  }

  func instant() throws(ConfigurationError) -> Milliseconds {
    let text = try text()
    guard let time = Time.parse(text) else {
      throw error("cannot be \(quoted(text))", "write an instant, as in 2026-01-05T08:00:00Z")
    }
    return time
  }

  private func viewName() throws(ConfigurationError) -> String {
    let name = try text()
    guard !name.isEmpty, name.utf8.count <= 128, name.utf8.allSatisfy(isUnreserved) else {
      throw error(
        "cannot be \(quoted(name))", "use 1 to 128 letters, digits, '-', '.', '_' and '~'")
    }
    return name
  }

  /// Names of dimensions: whether there are such is known once all settings are read.
  private func dimensions() throws(ConfigurationError) -> [Dimension] {
    let dimensions = try distinct { item throws(ConfigurationError) in
      Dimension(rawValue: try item.text())
    }
    if dimensions.isEmpty {
      throw error("is empty", "list at least one of campaign_id, channel, ad_id")
    }
    return dimensions
  }

  /// Complains about the first dimension of these views that is none of `known`.
  func checkViews(_ known: [Dimension]) throws(ConfigurationError) {
    let choices = known.map { (name: $0.rawValue, value: $0) }
    for view in try items() {
      for (key, value) in try view.entries() where key.node.scalar?.string == "dimensions" {
        for item in try value.items() { _ = try item.choice(among: choices) }
      }
    }
  }

  /// The name of a field that is read beside the contract's.
  func fieldName() throws(ConfigurationError) -> String {
    let name = try text()
    if let fault = fieldNameFault(name) { throw error(fault.problem, fault.advice) }
    return name
  }

  private func period() throws(ConfigurationError) -> Milliseconds {
    let period = try duration()
    guard period % 1_000 == 0, 86_400_000 % period == 0 else {
      throw error(
        "does not divide a day into whole seconds", "use one that does, as in 10s, 5m, 1h or 24h")
    }
    return period
  }

  // MARK: Kafka properties

  func kafkaProperties() throws(ConfigurationError) -> [String: String] {
    var properties: [String: String] = [:]
    if isNull { return properties }
    for (key, value) in try entries() {
      let name = key.node.scalar?.string ?? ""
      // A name of another form is not shown: it may be a secret that missed its place.
      guard isKafkaPropertyName(name) else {
        throw key.error(
          "holds something that is not a librdkafka property",
          "properties look like security.protocol")
      }
      if let reason = ownedKafkaProperties[name] {
        throw key.error("cannot set \(name), which Tributary decides itself", reason)
      }
      guard let text = value.node.scalar?.string else {
        throw value.error(
          "must be a single value", "write the property's full name with dots, as librdkafka does")
      }
      if value.isNull { throw value.error("has no value", "write \"\" for an empty one") }
      properties[name] = text
    }
    return properties
  }

  // MARK: Unknown keys

  /// The complaint that this key, called `name`, is none of `known`.
  func unknownKey(_ name: String, among known: [String]) -> ConfigurationError {
    if let advice = Setting.renamed[name] {
      return ConfigurationError(
        source: source, line: node.mark?.line, column: node.mark?.column,
        problem: "the key \(quoted(name)) has another name now", advice: advice)
    }
    var advice = "valid keys: " + known.joined(separator: ", ")
    if let meant = suggestion(for: name, among: known) { advice = "did you mean \(meant)?" }
    return ConfigurationError(
      source: source, line: node.mark?.line, column: node.mark?.column,
      problem: "unknown key \(quoted(name))", advice: advice)
  }
}

extension Substring {
  /// Without spaces at either end.
  func trimmingWhitespace() -> Substring {
    var result = self
    while result.first?.isWhitespace == true { result.removeFirst() }
    while result.last?.isWhitespace == true { result.removeLast() }
    return result
  }
}
