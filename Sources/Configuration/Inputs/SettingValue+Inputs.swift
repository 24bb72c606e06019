import Attribution
import Codec
import Foundation

// How `inputs` and `schema_registry` are read.

extension SettingValue {
  /// The entries of `inputs`; nil where it is null.
  func inputs() throws(ConfigurationError) -> [InputEntry]? {
    if isNull { return nil }
    var entries: [InputEntry] = []
    for item in try items() { entries.append(try item.input()) }
    if entries.isEmpty {
      throw error("is empty", "list at least one input, or leave the key out")
    }
    if entries.count > 256 {
      throw error("has \(entries.count) entries", "list at most 256")
    }
    return entries
  }

  /// `null`, or the registry's address.
  func registry() throws(ConfigurationError) -> RegistryAddress? {
    if isNull { return nil }
    // The text is never quoted: it may hold a password.
    guard let address = RegistryAddress(try text()) else {
      throw error("is not an address", "write http(s)://user:password@host:port")
    }
    return address
  }

  // MARK: One entry

  private static let tableKeys = ["delimiter", "skip_lines", "null_values", "decimal"]

  private func input() throws(ConfigurationError) -> InputEntry {
    let fields = try fields(
      ["kind", "topic", "files", "format", "schema", "where", "fields", "rekey"] + Self.tableKeys)
    guard let kind = fields["kind"] else {
      throw error("has no kind", "say what it holds: impression, click, conversion or cost")
    }
    let source = try source(fields)
    var entry = InputEntry(
      kind: try kind.choice(among: EventKind.allCases.map { ("\($0)", $0) }), source: source)
    entry.format = try fields["format"]?.choice(of: InputFormat.self)
    entry.schema = try fields["schema"]?.schemaFile(of: entry.format)
    if let conditions = fields["where"] { entry.conditions = try conditions.conditions() }
    if let mapped = fields["fields"] { entry.fields = try mapped.mappedFields() }
    if let rekey = fields["rekey"] { entry.rekey = try rekey.bool() }
    if case .files = source {
      if entry.rekey {
        throw fields["rekey"]!.error("is for topics", "files need no re-keying; leave it out")
      }
      entry.table = try tableForm(fields)
    } else if let key = Self.tableKeys.first(where: { fields[$0] != nil }) {
      throw fields[key]!.error("is for files", "leave it out, or write files in place of topic")
    }
    return entry
  }

  private func source(
    _ fields: [String: SettingValue]
  ) throws(ConfigurationError) -> InputEntry.Source {
    switch (fields["topic"], fields["files"]) {
    case (let topic?, nil): return .topic(try topic.topicName(longest: 249))
    case (nil, let files?):
      let pattern = try files.text()
      if pattern.isEmpty { throw files.error("is empty", "write a pattern, as in clicks*.csv") }
      return .files(pattern)
    case (nil, nil):
      throw error("has neither topic nor files", "say where its records are")
    case (_?, let files?):
      throw files.error("stands beside topic", "an input has one of both; write two entries")
    }
  }

  private func schemaFile(of format: InputFormat?) throws(ConfigurationError) -> String {
    let path = try text()
    guard format == .avro || format == .protobuf else {
      throw error("is for avro and protobuf", "write format: avro or format: protobuf")
    }
    // Behind a # stands the message.
    let file = format == .protobuf ? String(path.prefix { $0 != "#" }) : path
    guard FileManager.default.isReadableFile(atPath: file) else {
      throw error("names \(quoted(file)), which cannot be read", "check the path")
    }
    return path
  }

  private func tableForm(
    _ fields: [String: SettingValue]
  ) throws(ConfigurationError) -> TableForm {
    var form = TableForm()
    if let value = fields["delimiter"] {
      let text = try value.text()
      guard text.utf8.count == 1, !"\"\r\n".contains(text) else {
        throw value.error(
          "cannot be \(quoted(text))", #"write one character, as in ";" or "\t" in double quotes"#)
      }
      form.delimiter = text
    }
    if let value = fields["skip_lines"] { form.skipLines = try value.integer(in: 0...1_000_000) }
    if let value = fields["null_values"] {
      form.nullValues = try value.distinct { item throws(ConfigurationError) in
        guard let text = item.node.scalar?.string else { throw item.error("must be a text") }
        return text
      }
    }
    if let value = fields["decimal"] {
      form.decimal = try value.choice(among: [(".", "."), (",", ",")])
      if form.decimal == form.delimiter {
        throw value.error("is the delimiter as well", "numbers would be two columns")
      }
    }
    return form
  }

  // MARK: Where

  private func conditions() throws(ConfigurationError) -> [FieldCondition] {
    var conditions: [FieldCondition] = []
    for (key, value) in try entries() {
      let path = try key.path(of: key.node.scalar?.string ?? "")
      let values: [String] =
        value.node.sequence == nil
        ? [try value.text()]
        : try value.distinct { item throws(ConfigurationError) in try item.text() }
      if values.isEmpty {
        throw value.error("is empty", "list at least one value; none would fit no record")
      }
      conditions.append(FieldCondition(path: path, values: values))
    }
    return conditions
  }

  /// A path that stands in the text of this value.
  private func path(of text: String) throws(ConfigurationError) -> FieldPath {
    do {
      return try FieldPath(text: text)
    } catch {
      throw self.error(error.problem, error.advice)
    }
  }

  // MARK: Fields

  private func mappedFields() throws(ConfigurationError) -> [MappedField] {
    var fields: [MappedField] = []
    for (key, value) in try entries() {
      let name = key.node.scalar?.string ?? ""
      fields.append(MappedField(name: name, source: try value.fieldSource(of: name)))
    }
    return fields
  }

  private static let sourceKeys = [
    "path", "first", "default", "value", "unit", "format", "timezone",
  ]

  private func fieldSource(of name: String) throws(ConfigurationError) -> FieldSource {
    guard node.mapping != nil else { return FieldSource(paths: [try fieldPath()]) }
    let fields = try fields(Self.sourceKeys)
    if let value = fields["value"] {
      if let other = Self.sourceKeys.first(where: { $0 != "value" && fields[$0] != nil }) {
        throw fields[other]!.error("stands beside value", "a constant needs nothing else")
      }
      return FieldSource(paths: [], fallback: try value.text())
    }
    var source = FieldSource(paths: [])
    switch (fields["path"], fields["first"]) {
    case (let path?, nil): source.paths = [try path.fieldPath()]
    case (nil, let first?):
      for item in try first.items() { source.paths.append(try item.fieldPath()) }
      if source.paths.isEmpty { throw first.error("is empty", "list the paths to try") }
    case (_?, let first?): throw first.error("stands beside path", "list all paths under first")
    case (nil, nil): source.paths = [.member(name)]
    }
    source.fallback = try fields["default"]?.text()
    source.timeForm = try timeForm(fields, of: name)
    return source
  }

  /// A path in a text, or names in a list, in which nothing has a special meaning.
  private func fieldPath() throws(ConfigurationError) -> FieldPath {
    guard node.sequence != nil else { return try path(of: try text()) }
    var steps: [FieldPath.Step] = []
    for item in try items() {
      let name = try item.text()
      if name.isEmpty { throw item.error("is empty", "write a name") }
      steps.append(.name(name))
    }
    if steps.isEmpty { throw error("is empty", "write the names that lead to the value") }
    return .value(steps)
  }

  private func timeForm(
    _ fields: [String: SettingValue], of name: String
  ) throws(ConfigurationError) -> TimeForm? {
    if let value = fields["unit"] ?? fields["format"] ?? fields["timezone"],
      !["event_time", "original_time"].contains(name)
    {
      throw value.error("is for times", "only event_time and original_time have units and formats")
    }
    if let unit = fields["unit"] {
      if let other = fields["format"] ?? fields["timezone"] {
        throw other.error("stands beside unit", "numbers have a unit, texts a format")
      }
      return .unit(try unit.choice(of: TimeUnit.self))
    }
    guard let format = fields["format"] else {
      if let timezone = fields["timezone"] {
        throw timezone.error("has no format beside it", "add one, as in \"%d.%m.%Y %H:%M\"")
      }
      return nil
    }
    let text = try format.text()
    do {
      _ = try TimePattern(text)
    } catch {
      throw format.error("\(quoted(text)) \(error.problem)", error.advice)
    }
    return .pattern(text, timezone: try fields["timezone"]?.timezone() ?? "UTC")
  }

  private func timezone() throws(ConfigurationError) -> String {
    let name = try text()
    guard TimeZone(identifier: name) != nil else {
      let meant = suggestion(for: name, among: TimeZone.knownTimeZoneIdentifiers)
      throw error(
        "names no time zone: \(quoted(name))",
        meant.map { "did you mean \($0)?" } ?? "write an IANA name, as in Europe/Berlin")
    }
    return name
  }
}
