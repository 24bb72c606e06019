/// Settings from the command line.
extension ConfigurationLoader {
  mutating func apply(_ override: Configuration.Override) throws(ConfigurationError) {
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
}
