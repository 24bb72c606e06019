import Attribution
import SQLite

/// How a file's content is written.
public enum FileFormat: String, Sendable {
  case jsonLines, csv, tsv, sqlite

  /// By a file's name, whether or not it ends in `.gz`; nil for a name that says nothing.
  init?(name: String) {
    var name = name.lowercased()[...]
    let isGzip = name.hasSuffix(".gz")
    if isGzip { name = name.dropLast(3) }
    guard let point = name.lastIndex(of: ".") else { return nil }
    switch name[name.index(after: point)...] {
    case "jsonl", "ndjson", "json": self = .jsonLines
    case "csv": self = .csv
    case "tsv", "tab": self = .tsv
    case "sqlite", "sqlite3", "db": self = .sqlite
    default: return nil
    }
    if isGzip && self == .sqlite { return nil }
  }
}

/// Something that holds records of one kind: a file, or one table of a SQLite file.
public struct InputFile: Sendable, Hashable {
  public let path: String
  public let kind: EventKind
  public let format: FileFormat
  /// Of a SQLite file.
  public let table: String?

  /// What to call it towards a person.
  public var name: String { table.map { "\(path): table \($0)" } ?? path }

  /// Opens it at its first record. Throws `FileError`.
  func open(_ map: ColumnMap) throws -> any RecordSource {
    switch format {
    case .jsonLines: try JSONLines(FileBytes.open(path), name: path)
    case .csv: try delimited(map, UInt8(ascii: ","))
    case .tsv: try delimited(map, UInt8(ascii: "\t"))
    case .sqlite:
      try DatabaseTable(
        FileError.of { () throws(SQLiteError) in try SQLiteDatabase(path, .readOnly) },
        table: table!, kind: kind, map: map)
    }
  }

  private func delimited(_ map: ColumnMap, _ delimiter: UInt8) throws -> any RecordSource {
    try DelimitedTable(
      FileBytes.open(path), kind: kind, map: map, name: path, delimiter: delimiter)
  }

  /// Where a person finds a record.
  func place(_ line: Int) -> String {
    table.map { "\(path): table \($0), row \(line)" } ?? "\(path):\(line)"
  }
}
