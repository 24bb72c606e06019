import Attribution
import Yams

/// Applies one source after the other, and remembers where each setting came from.
struct ConfigurationLoader {
  var configuration = Configuration()
  /// The value that each path, or `kafka.` and property, got last.
  var origins: [String: SettingValue] = [:]

  mutating func finish(
    environment: [String: String], overrides: [Configuration.Override]
  ) throws(ConfigurationError) -> Configuration {
    try apply(environment: environment)
    for override in overrides { try apply(override) }
    try ConfigurationChecks(configuration: configuration, origins: origins).check()
    return configuration
  }

  mutating func set(
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

  // MARK: Texts from outside a file

  mutating func setKafka(
    _ property: String, to text: String, source: String
  ) throws(ConfigurationError) {
    let pair = (Node(property), Node(text, .implicit, .doubleQuoted))
    let value = SettingValue(path: "kafka", node: Node([pair]), source: source)
    guard let setting = Setting.at("kafka") else { return }
    try set(setting, to: value)
  }

  func value(
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
}
