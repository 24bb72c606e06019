import Attribution
import Codec

/// A setting's value as YAML.
enum RenderedValue {
  /// A text, quoted where YAML needs it.
  case scalar(String)
  /// Text that is YAML already.
  case plain(String)
  /// Texts in brackets on one line.
  case flowList([String])
  /// Elements that are YAML already, in a file each on a line of its own.
  case blockList([String])
  /// Names and texts, in a file each on a line of its own.
  case mapping([(name: String, value: String)])

  /// On one line.
  var flowText: String {
    switch self {
    case .scalar(let text): yamlScalar(text)
    case .plain(let yaml): yaml
    case .flowList(let texts): "[" + texts.map(yamlScalar).joined(separator: ", ") + "]"
    case .blockList(let elements): "[" + elements.joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{" + entries.map { "\(yamlScalar($0)): \(yamlScalar($1))" }.joined(separator: ", ") + "}"
    }
  }

  /// What follows `key:` in a file, with its leading space or line break.
  ///
  /// - Parameter remark: the comment behind the value of an entry of a mapping, or of the whole (nil).
  func blockText(remark: (String?) -> String? = { _ in nil }) -> String {
    func comment(_ entry: String?) -> String { remark(entry).map { "  # \($0)" } ?? "" }
    return switch self {
    case .blockList(let elements) where !elements.isEmpty:
      comment(nil) + elements.map { "\n  - " + $0 }.joined()
    case .mapping(let entries) where !entries.isEmpty:
      entries.map { "\n  \(yamlScalar($0)): \(yamlScalar($1))" + comment($0) }.joined()
    default: " " + flowText + comment(nil)
    }
  }
}

extension View {
  /// As YAML on one line.
  var flowText: String {
    let dimensions = RenderedValue.flowList(dimensions.map(\.rawValue)).flowText
    let period = DurationText.text(of: periodMilliseconds)
    return "{name: \(yamlScalar(name)), dimensions: \(dimensions), period: \(period), "
      + "bucket_conversions_by: \(bucketConversionsBy.rawValue)"
      + (since.map { ", since: \"\(Time.formatMilliseconds($0))\"" } ?? "") + "}"
  }
}

/// `text` as a YAML scalar: plain where every reader takes that for the same text.
func yamlScalar(_ text: String) -> String {
  let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
  let isPlain =
    text.first.map { $0.isASCII && $0.isLetter } == true
    && text.utf8.allSatisfy { isUnreserved($0) || ":/".utf8.contains($0) }
    && text.last != ":" && !words.contains(text.lowercased())
  if isPlain || isDecimalInteger(text) { return text }
  var quoted = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": quoted += "\\\""
    case "\\": quoted += "\\\\"
    case _
    where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
      || [0x2028, 0x2029, 0xFEFF].contains(scalar.value):
      let digits = String(scalar.value, radix: 16)
      quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: quoted.unicodeScalars.append(scalar)
    }
  }
  return quoted + "\""
}

private func isDecimalInteger(_ text: String) -> Bool {
  Int(text).map(String.init) == text
}
