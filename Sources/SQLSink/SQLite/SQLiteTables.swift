import Attribution
import Codec
import SQLite

/// Sets of tables in a SQLite file.
final class SQLiteTables: TableDatabase {
  static let dialect = TableDialect(
    time: "TEXT", date: "TEXT", boolean: "INTEGER", isPartitioned: false)

  private let database: SQLiteDatabase

  init(path: String) throws(SQLError) {
    database = try SQLError.of { () throws(SQLiteError) in
      let database = try SQLiteDatabase(path, .readWrite)
      try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
      return database
    }
  }

  func close() { database.close() }

  func run(_ statement: String) throws(SQLError) {
    try SQLError.of { () throws(SQLiteError) in try database.execute(statement) }
  }

  func transaction(_ group: String, _ body: () throws(SQLError) -> Void) throws(SQLError) {
    try database.transaction(failure: SQLError.init, body)
  }

  func empty(_ tables: [Table]) throws(SQLError) {
    for table in tables.reversed() { try run("DELETE FROM \(table.name)") }
  }

  // MARK: Bookkeeping

  func columns(of table: String) throws(SQLError) -> [String] {
    try texts("SELECT name FROM pragma_table_info(?)", [.text(table)], 1).map { $0[0] }
  }

  func version(in bookkeeping: Bookkeeping) throws(SQLError) -> (version: Int64, source: String)? {
    guard try !columns(of: bookkeeping.schema).isEmpty else { return nil }
    let row = try texts("SELECT version, source FROM \(bookkeeping.schema)", [], 2).first
    guard let row else { return (0, "") }
    return (Int64(row[0]) ?? 0, row[1])
  }

  func positions(
    of topic: String, in bookkeeping: Bookkeeping
  ) throws(SQLError) -> [Int32: SavedPosition] {
    try database.positions(of: topic, in: bookkeeping)
  }

  func save(_ step: SinkBatch.Step, in bookkeeping: Bookkeeping) throws(SQLError) -> Bool {
    try database.save(step, in: bookkeeping)
  }

  func save(
    finalThrough: Milliseconds, of partition: Int32, in bookkeeping: Bookkeeping
  ) throws(SQLError) {
    try run(
      Schema.upsert(
        into: bookkeeping.progress, columns: ["partition", "final_through"], key: ["partition"],
        source: "VALUES (?, ?)"), [.integer(Int64(partition)), .time(finalThrough)])
  }

  // MARK: Rows

  func put(_ rows: [[SQLValue]], into table: Table) throws(SQLError) {
    guard !rows.isEmpty else { return }
    let names = table.columns.map(\.name)
    let marks = Array(repeating: "?", count: names.count).joined(separator: ", ")
    let updates = names.filter { !table.key.contains($0) }.map { name -> String in
      let sum = table.sums.contains(name) ? "\(table.name).\(Schema.name(name)) + " : ""
      return "\(Schema.name(name)) = \(sum)excluded.\(Schema.name(name))"
    }
    let conflict = table.keepsRows ? "NOTHING" : "UPDATE SET \(updates.joined(separator: ", "))"
    let statement = """
      INSERT INTO \(table.name) (\(Schema.names(names))) VALUES (\(marks)) \
      ON CONFLICT (\(Schema.names(table.key))) DO \(conflict)
      """
    for row in rows { try run(statement, row) }
  }

  func remove(
    _ keys: [[SQLValue]], by columns: [String], from table: Table, where condition: String?,
    returning: [String]
  ) throws(SQLError) -> [[SQLValue]] {
    let conditions = columns.map { "\(Schema.name($0)) = ?" } + (condition.map { [$0] } ?? [])
    let statement = "DELETE FROM \(table.name) WHERE \(conditions.joined(separator: " AND "))"
    guard !returning.isEmpty else {
      for key in keys { try run(statement, key) }
      return []
    }
    var removed: [[SQLValue]] = []
    for key in keys {
      let rows = try texts(
        "\(statement) RETURNING \(Schema.names(returning))", key, returning.count)
      removed += rows.map { row in
        zip(row, returning).map { text, column in
          switch table.column(column).type {
          case .time: .time(Time.parse(text) ?? 0)
          case .integer: .integer(Int64(text) ?? 0)
          default: .text(text)
          }
        }
      }
    }
    return removed
  }

  private func run(_ sql: String, _ values: [SQLValue]) throws(SQLError) {
    try SQLError.of { () throws(SQLiteError) in
      _ = try database.run(sql) { statement throws(SQLiteError) in try statement.bind(values) }
    }
  }

  private func texts(
    _ sql: String, _ values: [SQLValue], _ count: Int
  ) throws(SQLError) -> [[String]] {
    try SQLError.of { () throws(SQLiteError) in
      try database.texts(sql, columnCount: count) { statement throws(SQLiteError) in
        try statement.bind(values)
      }
    }
  }
}
