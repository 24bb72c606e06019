// The configuration for people to read: in logs, in the README, in the help text.

extension Configuration {
  /// The effective configuration as a YAML file; secrets are masked.
  public func yaml() -> String {
    var text = ""
    var section = ""
    for setting in Setting.all {
      var path = setting.path[...]
      if let dot = path.firstIndex(of: ".") {
        if section != path[..<dot] {
          section = String(path[..<dot])
          text += section + ":\n"
        }
        path = "  " + path[path.index(after: dot)...]
      }
      text += path + ":" + setting.render(self).blockText + "\n"
    }
    return text
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
