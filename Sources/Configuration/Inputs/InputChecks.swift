import Attribution
import Codec

// What entries of `inputs` must be together, and with the other settings.

extension Configuration {
  /// The inputs of topics; where `inputs` names no topic, one of each topic that is configured, every field under
  /// its own name.
  public var topicInputs: [InputEntry] {
    let named = (inputs ?? []).filter { $0.topic != nil }
    if !named.isEmpty { return named }
    return EventKind.allCases.compactMap { kind in
      topics.input(of: kind).map { InputEntry(kind: kind, source: .topic($0)) }
    }
  }
}

extension Configuration.Topics {
  /// The topic that holds events of a kind where there is no `inputs`; nil for none.
  public func input(of kind: EventKind) -> String? {
    switch kind {
    case .impression: impressions
    case .click: clicks
    case .conversion: conversions
    case .cost: costs
    }
  }
}

extension InputEntry {
  /// Whether every record that fits `other` fits this one too.
  func takesAll(of other: InputEntry) -> Bool {
    conditions.allSatisfy { condition in
      other.conditions.contains {
        $0.path == condition.path && Set($0.values).isSubset(of: condition.values)
      }
    }
  }
}

/// Checks the entries of `inputs`, which `value` holds.
struct InputChecks {
  let configuration: Configuration
  let value: SettingValue
  let entries: [InputEntry]

  func check() throws(ConfigurationError) {
    let items = try value.items()
    for (index, (item, entry)) in zip(items, entries).enumerated() {
      try checkFieldNames(item, entry)
      try checkSchema(item, entry)
      for earlier in 0..<index where entries[earlier].source == entry.source {
        try check(item, entry, besides: earlier)
      }
    }
  }

  private func checkFieldNames(
    _ item: SettingValue, _ entry: InputEntry
  ) throws(ConfigurationError) {
    guard let fields = try item.member("fields") else { return }
    let known = configuration.fieldNames(of: entry.kind)
    for (key, _) in try fields.value.entries() {
      let name = key.node.scalar?.string ?? ""
      guard !known.contains(name) else { continue }
      let meant = suggestion(for: name, among: known).map { "did you mean \($0)?" }
      throw ConfigurationError(
        source: key.source, line: key.node.mark?.line, column: key.node.mark?.column,
        problem: "a \(entry.kind) has no field \(quoted(name))",
        advice: meant ?? "there are " + known.joined(separator: ", "))
    }
  }

  private func checkSchema(_ item: SettingValue, _ entry: InputEntry) throws(ConfigurationError) {
    guard let format = try item.member("format")?.value, entry.format != .json, entry.topic != nil,
      entry.schema == nil, configuration.schemaRegistry == nil
    else { return }
    throw format.error(
      "is \(entry.format?.rawValue ?? ""), but nothing says what the records look like",
      "set schema_registry, or name a schema file")
  }

  /// Two entries of one topic, or of one pattern of files.
  private func check(
    _ item: SettingValue, _ entry: InputEntry, besides earlier: Int
  ) throws(ConfigurationError) {
    let other = entries[earlier]
    if other.takesAll(of: entry) {
      let advice =
        entry.conditions.isEmpty && !other.conditions.isEmpty
        ? "give it a where of its own" : "put it first, or change where"
      throw item.error(
        "gets no records: inputs[\(earlier)], which stands before it, takes all", advice)
    }
    func mustAgree(
      _ key: String, _ values: (String, String)
    ) throws(ConfigurationError) {
      guard values.0 != values.1 else { return }
      throw (try item.member(key)?.value ?? item).error(
        "is \(values.1), but \(values.0) in inputs[\(earlier)]",
        "entries of one topic share its \(key)")
    }
    try mustAgree(
      "format", ((other.format ?? .json).rawValue, (entry.format ?? .json).rawValue))
    try mustAgree("schema", (quoted(other.schema ?? ""), quoted(entry.schema ?? "")))
    try mustAgree("rekey", ("\(other.rekey)", "\(entry.rekey)"))
  }
}

extension Configuration {
  /// The fields that events of a kind can have.
  public func fieldNames(of kind: EventKind) -> [String] {
    var names = kind.allFields(definitions)
    for name in ["version", "deleted", "original_time"] where !names.contains(name) {
      names.append(name)
    }
    return names
  }
}

extension SettingValue {
  /// A member of a mapping, with its key; nil when it has none of that name.
  func member(
    _ name: String
  ) throws(ConfigurationError) -> (key: SettingValue, value: SettingValue)? {
    try entries().first { $0.key.node.scalar?.string == name }
  }
}
