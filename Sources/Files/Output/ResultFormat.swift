/// What a result is written as, by the name of its file.
public enum ResultFormat: String, Sendable {
  case csv, jsonl, sqlite

  /// nil when the name ends in nothing known.
  public init?(path: String) {
    let name = path.lowercased()
    if name.hasSuffix(".csv") {
      self = .csv
    } else if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") {
      self = .jsonl
    } else if name.hasSuffix(".sqlite") || name.hasSuffix(".sqlite3") || name.hasSuffix(".db") {
      self = .sqlite
    } else {
      return nil
    }
  }
}
