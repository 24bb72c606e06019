// The configuration for people to read: in logs, in the README, in the help text.

import Codec

extension Configuration {
  /// The effective configuration as a YAML file; secrets are masked.
  public func yaml() -> String { yaml(heading: { _ in [] }, remark: { _ in nil }) }

  /// The defaults as a YAML file, each setting with its meaning above it.
  public static func annotatedDefaults() -> String {
    Configuration().yaml(
      heading: { setting in
        wrapped(setting.meaning.filter { $0 != "`" }, columns: 96).map { "# " + $0 }
      }, remark: { _ in nil })
  }

  /// The effective configuration as a YAML file, with where each value comes from behind it.
  ///
  /// - Parameter origins: as ``loadWithOrigins(file:environment:overrides:)`` gives them.
  public func yaml(origins: [String: String]) -> String {
    yaml(heading: { _ in [] }, remark: { origins[$0].map(Self.oneLine) ?? "default" })
  }

  /// The effective configuration as JSON: by path, the value as YAML on one line and its origin.
  public func json(origins: [String: String]) -> String {
    var json = JSONWriter()
    json.object { json in
      func write(_ path: String, _ value: String) {
        json.key(path)
        json.object {
          $0.field("value", value)
          $0.field("from", origins[path] ?? "default")
        }
      }
      for setting in Setting.all {
        let value = setting.render(self)
        if case .mapping(let entries) = value, !entries.isEmpty {
          for (name, text) in entries { write("\(setting.path).\(name)", text) }
        } else {
          write(setting.path, value.flowText)
        }
      }
    }
    return json.text
  }

  private func yaml(
    heading: (Setting) -> [String], remark: (String) -> String?
  ) -> String {
    var text = ""
    var section = ""
    for setting in Setting.all {
      var path = setting.path[...]
      var indent = ""
      if let dot = path.firstIndex(of: ".") {
        if section != path[..<dot] {
          section = String(path[..<dot])
          text += section + ":\n"
        }
        indent = "  "
        path = path[path.index(after: dot)...]
      }
      for line in heading(setting) { text += indent + line + "\n" }
      let value = setting.render(self).blockText { entry in
        remark(entry.map { "\(setting.path).\($0)" } ?? setting.path)
      }
      text += indent + path + ":" + value + "\n"
    }
    return text
  }

  /// A file may have any name: a line break in it must not end the comment.
  private static func oneLine(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }

  /// All settings as a Markdown table: key, default, meaning.
  public static func markdownTable() -> String {
    var text = "| key | default | meaning |\n| --- | --- | --- |\n"
    for setting in Setting.all {
      text += "| `\(setting.path)` | `\(setting.defaultText)` | \(setting.meaning) |\n"
    }
    return text
  }

  /// All settings for a terminal: key and default, then the meaning, each on a line of its own.
  public static func helpText() -> String {
    Setting.all.map { setting in
      let meaning = setting.meaning.filter { $0 != "`" }
      return "  \(setting.path): \(setting.defaultText)\n      \(meaning)\n"
    }.joined()
  }
}

extension Configuration: CustomStringConvertible, CustomReflectable {
  /// As ``yaml()``: without secrets.
  public var description: String { yaml() }

  /// Keeps secrets out of `dump` and debuggers.
  public var customMirror: Mirror { Mirror(self, children: ["yaml": yaml()]) }
}

/// `text` in lines of at most so many columns, as far as its words allow.
private func wrapped(_ text: String, columns: Int) -> [String] {
  var lines: [String] = []
  for word in text.split(separator: " ") {
    if let last = lines.last, last.count + 1 + word.count <= columns {
      lines[lines.count - 1] = last + " " + word
    } else {
      lines.append(String(word))
    }
  }
  return lines
}
