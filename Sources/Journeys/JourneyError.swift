/// Why journeys cannot be read, sent or stored: one line for a person, without secrets.
package struct JourneyError: Error, Equatable, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Text of another program's, fit for one line of a message: shortened, without control characters and
/// without the secret that it may repeat.
enum ForeignText {
  private static let limit = 300

  static func line(_ text: some StringProtocol, hiding secret: String? = nil) -> String {
    var text = String(text.prefix(64 * 1_024))
    if let secret, !secret.isEmpty { text = text.replacing(secret, with: "…") }
    let words = text.split { $0.isWhitespace || $0.isNewline }
    let line = String(
      words.joined(separator: " ").unicodeScalars.filter {
        $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
      }.map(Character.init))
    return line.count <= limit ? line : line.prefix(limit) + "…"
  }

  /// An id in quotes, at most 128 characters of it.
  static func quoted(_ id: String) -> String {
    let line = line(id)
    return "\"\(line.count <= 128 ? line : line.prefix(128) + "…")\""
  }
}
