import Foundation

/// Settings from the environment.
extension ConfigurationLoader {
  mutating func apply(environment: [String: String]) throws(ConfigurationError) {
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
}
