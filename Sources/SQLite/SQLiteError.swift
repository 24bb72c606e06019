/// Why SQLite refused, in its own words.
package struct SQLiteError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The database's file.
  package let path: String
  /// SQLite's message.
  package let reason: String
  /// Whether the database could not even be opened.
  package let isAboutOpening: Bool

  package var description: String { "\(path): \(reason)" }

  init(path: String, reason: String, isAboutOpening: Bool = false) {
    self.path = path
    self.reason = reason
    self.isAboutOpening = isAboutOpening
  }
}
