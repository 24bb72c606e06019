/// Where in a record a value is.
public enum FieldPath: Sendable, Hashable {
  /// In the record's value, step by step from its top.
  case value([Step])
  /// The record's key.
  case key
  /// The record's own timestamp, in milliseconds.
  case timestamp
  /// A header, the last one of that name.
  case header(String)
  /// `topic-partition-offset`: different for every record, the same whenever it is read.
  case place

  /// One step down.
  public enum Step: Sendable, Hashable {
    /// The member of that name of an object; of an array the element with that number, from 0.
    case name(String)
    /// The first element of an array of objects in which the member `name` has the text `value`.
    case element(name: String, value: String)
  }

  /// The value at the top that has this name.
  public static func member(_ name: String) -> FieldPath { .value([.name(name)]) }
}

// MARK: - Text

extension FieldPath {
  /// Why a text is no path.
  package struct Fault: Error {
    package var problem: String
    package var advice: String
  }

  private static let specials = ["$key", "$timestamp", "$place", "$header.NAME"]

  /// Reads `payload.id`, `items[0].id`, `params[key=source].value`, `$key`, `$timestamp`, `$place` or
  /// `$header.NAME`. A backslash takes the meaning from the character behind it.
  package init(text: String) throws(Fault) {
    if text.hasPrefix("$") {
      self = try FieldPath.special(text)
      return
    }
    var reader = PathReader(rest: text[...])
    self = .value(try reader.steps())
  }

  private static func special(_ text: String) throws(Fault) -> FieldPath {
    switch text {
    case "$key": return .key
    case "$timestamp": return .timestamp
    case "$place": return .place
    default:
      if text.hasPrefix("$header."), text.count > "$header.".count {
        return .header(String(text.dropFirst("$header.".count)))
      }
      throw Fault(
        problem: "cannot be \(quoted(text))",
        advice: (suggestion(for: text, among: specials).map { "did you mean \($0)? " } ?? "")
          + "what does not stand in the value is " + specials.joined(separator: ", ")
          + "; a name that begins with $ is written \\$")
    }
  }

  /// As `init(text:)` reads it.
  public var text: String {
    switch self {
    case .key: return "$key"
    case .timestamp: return "$timestamp"
    case .place: return "$place"
    case .header(let name): return "$header." + name
    case .value(let steps):
      var text = ""
      for step in steps {
        switch step {
        case .name(let name):
          text += (text.isEmpty ? "" : ".") + FieldPath.escaped(name, isFirst: text.isEmpty)
        case .element(let name, let value):
          text += "[\(FieldPath.escaped(name))=\(FieldPath.escaped(value))]"
        }
      }
      return text
    }
  }

  private static func escaped(_ name: String, isFirst: Bool = false) -> String {
    var text = ""
    for (index, character) in name.enumerated() {
      if "\\.[]=".contains(character) || isFirst && index == 0 && character == "$" { text += "\\" }
      text.append(character)
    }
    return text
  }
}

/// Takes the steps of a path from the front of a text.
private struct PathReader {
  var rest: Substring

  mutating func steps() throws(FieldPath.Fault) -> [FieldPath.Step] {
    var steps: [FieldPath.Step] = []
    repeat {
      let (name, _) = try name(upTo: ".[", in: "the path")
      guard !name.isEmpty else {
        throw fault("has an empty name", "write names with single dots between them")
      }
      steps.append(.name(name))
      while take("[") { steps.append(try bracket()) }
      guard rest.isEmpty || rest.first == "." else {
        throw fault("goes on behind a bracket", "write a dot before the next name")
      }
    } while take(".")
    return steps
  }

  /// The inside of `[0]` or `[name=value]`, with the bracket that closes it.
  private mutating func bracket() throws(FieldPath.Fault) -> FieldPath.Step {
    let (name, end) = try name(upTo: "=]", in: "the bracket")
    guard let end else {
      throw fault("has a bracket that is not closed", "write [0] or [name=value]")
    }
    rest.removeFirst()
    if end == "]" {
      guard !name.isEmpty, name.utf8.allSatisfy({ (48...57).contains($0) }) else {
        throw fault(
          "has \(quoted(name)) in brackets", "write the number of an element, or [name=value]")
      }
      return .name(name)
    }
    let (value, valueEnd) = try self.name(upTo: "]", in: "the bracket")
    guard valueEnd != nil, !name.isEmpty else {
      throw fault("has a bracket that is not complete", "write [name=value]")
    }
    rest.removeFirst()
    return .element(name: name, value: value)
  }

  /// A name, up to the first of some characters, which stays.
  private mutating func name(
    upTo ends: String, in place: String
  ) throws(FieldPath.Fault) -> (String, Character?) {
    var name = ""
    while let character = rest.first {
      if ends.contains(character) { return (name, character) }
      rest.removeFirst()
      guard character == "\\" else {
        name.append(character)
        continue
      }
      guard let next = rest.popFirst() else {
        throw fault("ends with a backslash", "write \\\\ for one")
      }
      name.append(next)
    }
    return (name, nil)
  }

  private mutating func take(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  private func fault(_ problem: String, _ advice: String) -> FieldPath.Fault {
    FieldPath.Fault(problem: problem, advice: advice)
  }
}
