// Safety: lends bytes of its own array for one call; SQLite's are read before the next step.

import Attribution
import SQLite

/// A table of a SQLite file, in the order in which it lies there.
final class DatabaseTable: RecordSource {
  private let statement: SQLiteStatement
  private var encoder: RowEncoder
  private var row = 0

  init(_ database: SQLiteDatabase, table: String, kind: EventKind, map: ColumnMap) throws {
    statement = try FileError.of { () throws(SQLiteError) in
      try database.prepare("SELECT * FROM \(DatabaseTable.quoted(table))")
    }
    let header = statement.columnNames
    let bindings = try map.bind(kind, to: header, of: "\(database.path): table \(table)")
    encoder = RowEncoder(bindings, columnCount: header.count)
  }

  /// Not known of a database.
  var consumed: Int64 { 0 }

  func next(_ body: (FileRecord) throws -> Void) throws -> Bool {
    guard try FileError.of(statement.step) else { return false }
    row += 1
    encoder.encode { column in statement.text(Int32(column)).map { BorrowedBytes($0) } }
    try encoder.bytes.withUnsafeBytes { try body(FileRecord(bytes: $0, line: row)) }
    return true
  }

  /// The tables of a database, by name.
  static func names(_ database: SQLiteDatabase) throws(SQLiteError) -> [String] {
    let statement = try database.prepare(
      """
      SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' \
      ESCAPE '\\' ORDER BY name
      """)
    var names: [String] = []
    while try statement.step() {
      names.append(statement.string(0) ?? "")
    }
    return names
  }

  private static func quoted(_ name: String) -> String {
    "\"\(name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }
}
