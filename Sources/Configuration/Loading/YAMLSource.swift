import Yams

/// Settings from a YAML file.
extension ConfigurationLoader {
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

  mutating func apply(section: SettingValue) throws(ConfigurationError) {
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

  func parse(_ text: String, named name: String) throws(ConfigurationError) -> Node? {
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
