/// Sections of `~/.aws/credentials` or `~/.aws/config`.
struct ProfileFile {
  private var profiles: [String: [String: String]] = [:]

  /// - Parameter hasPrefixes: whether sections are called `profile NAME`, as in the configuration file.
  init(_ text: String, hasPrefixes: Bool) {
    var name: String?
    for line in text.split(whereSeparator: \.isNewline) {
      // A line that is indented belongs to the nested settings of the one before.
      let isNested = line.first?.isWhitespace == true
      let content = ProfileFile.trimmed(line)
      guard let first = content.first, first != "#", first != ";" else { continue }
      if first == "[", content.last == "]" {
        name = ProfileFile.profile(ProfileFile.trimmed(content.dropFirst().dropLast()), hasPrefixes)
      } else if !isNested, let name, let equals = content.firstIndex(of: "=") {
        let key = ProfileFile.trimmed(content[..<equals]).lowercased()
        profiles[name, default: [:]][key] = String(
          ProfileFile.trimmed(content[content.index(after: equals)...]))
      }
    }
  }

  /// The settings of a profile; nil when there is none of this name.
  subscript(name: String) -> [String: String]? { profiles[name] }

  /// nil for a section of another kind.
  private static func profile(_ section: Substring, _ hasPrefixes: Bool) -> String? {
    guard hasPrefixes, section != "default" else { return String(section) }
    let words = section.split(whereSeparator: \.isWhitespace)
    return words.count == 2 && words[0] == "profile" ? String(words[1]) : nil
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
