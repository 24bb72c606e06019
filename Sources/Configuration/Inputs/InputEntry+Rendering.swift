import Attribution
import Codec

// Inputs as YAML on one line, as `SettingValue.inputs()` reads them.

extension InputEntry {
  /// All that the entry says, as YAML on one line.
  public var text: String { flowText }

  /// Where a field is taken from, as YAML on one line.
  public func sourceText(of field: String) -> String {
    source(of: field)?.flowText(of: field) ?? field
  }

  var flowText: String {
    var parts = ["kind: \(kind)"]
    switch source {
    case .topic(let name): parts.append("topic: " + yamlScalar(name))
    case .files(let pattern): parts.append("files: " + yamlScalar(pattern))
    }
    if let format { parts.append("format: \(format.rawValue)") }
    if let schema { parts.append("schema: " + yamlScalar(schema)) }
    if !conditions.isEmpty {
      parts.append("where: {" + conditions.map(\.flowText).joined(separator: ", ") + "}")
    }
    if !fields.isEmpty {
      let texts = fields.map { "\(yamlScalar($0.name)): \($0.source.flowText(of: $0.name))" }
      parts.append("fields: {" + texts.joined(separator: ", ") + "}")
    }
    if rekey { parts.append("rekey: true") }
    if let delimiter = table.delimiter { parts.append("delimiter: " + yamlScalar(delimiter)) }
    if table.skipLines > 0 { parts.append("skip_lines: \(table.skipLines)") }
    if !table.nullValues.isEmpty {
      parts.append("null_values: " + RenderedValue.flowList(table.nullValues).flowText)
    }
    if let decimal = table.decimal { parts.append("decimal: " + yamlScalar(decimal)) }
    return "{" + parts.joined(separator: ", ") + "}"
  }
}

extension FieldCondition {
  fileprivate var flowText: String {
    let value =
      values.count == 1 ? yamlScalar(values[0]) : RenderedValue.flowList(values).flowText
    return "\(yamlScalar(path.text)): \(value)"
  }
}

extension FieldSource {
  fileprivate func flowText(of field: String) -> String {
    guard !paths.isEmpty else { return "{value: \(yamlScalar(fallback ?? ""))}" }
    let first = yamlScalar(paths[0].text)
    if paths.count == 1, fallback == nil, timeForm == nil { return first }
    var parts = [
      paths.count == 1
        ? "path: " + first : "first: " + RenderedValue.flowList(paths.map(\.text)).flowText
    ]
    if let fallback { parts.append("default: " + yamlScalar(fallback)) }
    switch timeForm {
    case .unit(let unit): parts.append("unit: \(unit.rawValue)")
    case .pattern(let format, let timezone):
      parts.append("format: " + yamlScalar(format))
      parts.append("timezone: " + yamlScalar(timezone))
    case nil: break
    }
    return "{" + parts.joined(separator: ", ") + "}"
  }
}
