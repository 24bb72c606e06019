import Attribution
import Yams

/// One value as somebody wrote it, with where it was written, so that every complaint about it can
/// say so. Messages name values only where they cannot be secrets.
struct SettingValue {
  /// What the value is for, as messages name it: `topics.clicks`, `views[1].period`.
  var path: String
  var node: Node
  /// File, environment variable or flag.
  var source: String

  /// A value from an environment variable or a flag: a plain text, except that `null` and `~` mean
  /// what they mean in YAML.
  init(path: String, text: String, source: String) {
    let isNull = ["null", "~"].contains(text)
    self.init(
      path: path, node: Node(text, .implicit, isNull ? .plain : .doubleQuoted), source: source)
  }

  init(path: String, node: Node, source: String) {
    self.path = path
    self.node = node
    self.source = source
  }

  func error(_ problem: String, _ advice: String = "") -> ConfigurationError {
    ConfigurationError(
      source: source, line: node.mark?.line, column: node.mark?.column,
      problem: "\(path) \(problem)", advice: advice)
  }

  /// Whether this is YAML's null, which a quoted `"null"` is not.
  var isNull: Bool {
    guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else {
      return false
    }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  // MARK: Shapes

  func text() throws(ConfigurationError) -> String {
    guard let scalar = node.scalar else { throw error("must be a single value") }
    if isNull {
      throw error("has no value", "write one, or leave the key out to get the default")
    }
    return scalar.string
  }

  func items() throws(ConfigurationError) -> [SettingValue] {
    guard let sequence = node.sequence else {
      throw error("must be a list", "write it in brackets, as in [a, b]")
    }
    return sequence.enumerated().map { index, item in
      SettingValue(path: "\(path)[\(index)]", node: item, source: source)
    }
  }

  /// The entries of a mapping. Its keys are texts.
  func entries() throws(ConfigurationError) -> [(key: SettingValue, value: SettingValue)] {
    guard let mapping = node.mapping else {
      throw error("must be a mapping", "write key: value pairs")
    }
    var entries: [(SettingValue, SettingValue)] = []
    for (key, value) in mapping {
      let keyValue = SettingValue(path: path.isEmpty ? "the key" : path, node: key, source: source)
      guard let name = key.scalar?.string else { throw keyValue.error("must be a plain name") }
      let valuePath = path.isEmpty ? name : "\(path).\(name)"
      entries.append((keyValue, SettingValue(path: valuePath, node: value, source: source)))
    }
    return entries
  }

  // MARK: Types

  func bool() throws(ConfigurationError) -> Bool {
    switch try text() {
    case "true": true
    case "false": false
    case let other: throw error("is \(quoted(other))", "write true or false")
    }
  }

  func integer(in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
    let text = try text()
    guard let value = Int(text), range.contains(value) else {
      throw error(
        "is \(quoted(text))",
        "write a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A duration of at least `least`.
  func duration(
    atLeast least: Milliseconds = 1, atMost most: Milliseconds = DurationText.longest
  ) throws(ConfigurationError) -> Milliseconds {
    let text = try text()
    let duration: Milliseconds
    do {
      duration = try DurationText.parse(text)
    } catch {
      throw ConfigurationError(
        source: source, line: node.mark?.line, column: node.mark?.column,
        problem: "\(path): \(error.problem)", advice: error.advice)
    }
    if duration < least {
      throw error(
        "is too short",
        least == 1
          ? "it must be longer than 0" : "the shortest is \(DurationText.text(of: least))")
    }
    if duration > most {
      throw error("is too long", "the longest is \(DurationText.text(of: most))")
    }
    return duration
  }

  /// One of an enumeration's raw values.
  func choice<Choice: RawRepresentable & CaseIterable>(
    of type: Choice.Type
  ) throws(ConfigurationError) -> Choice where Choice.RawValue == String {
    try choice(among: Choice.allCases.map { ($0.rawValue, $0) })
  }

  func choice<Choice>(among choices: [(name: String, value: Choice)]) throws(ConfigurationError)
    -> Choice
  {
    let text = try text()
    if let match = choices.first(where: { $0.name == text }) { return match.value }
    let names = choices.map(\.name)
    let valid = "valid: " + names.joined(separator: ", ")
    let meant = suggestion(for: text, among: names).map { "did you mean \($0)? " } ?? ""
    throw error("cannot be \(quoted(text))", meant + valid)
  }

  /// A list without repeats, each element read by `read`.
  func distinct<Element: Hashable>(
    _ read: (SettingValue) throws(ConfigurationError) -> Element
  ) throws(ConfigurationError) -> [Element] {
    var elements: [Element] = []
    for item in try items() {
      let element = try read(item)
      if elements.contains(element) {
        throw item.error("repeats \(quoted(item.node.scalar?.string ?? ""))", "list it once")
      }
      elements.append(element)
    }
    return elements
  }
}
