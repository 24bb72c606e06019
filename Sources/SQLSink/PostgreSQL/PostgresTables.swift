import Attribution
import Codec

/// Sets of tables in a PostgreSQL database.
///
/// Rows are copied into tables of staged rows, put in place from there, and these are empty again when the transaction
/// ends. Nothing outlives a transaction in the session and nothing temporary is made, so that a pooler may give every
/// transaction another session, and the role needs no right but those of the tables' owner.
final class PostgresTables: TableDatabase {
  static let dialect = TableDialect(
    time: "TIMESTAMPTZ", date: "DATE", boolean: "BOOLEAN", isPartitioned: true)

  let connection: PostgresConnection
  /// Tables whose staged rows the open transaction has filled.
  private var staged: Set<String> = []
  /// Months that have partitions, by table; what an aborted transaction made is in no pool.
  private lazy var months = MonthPartitions(connection)

  init(_ address: String, _ interruption: SQLInterruption) throws(SQLError) {
    connection = try PostgresConnection(address, interruption: interruption)
  }

  func close() { connection.close() }
  func run(_ statement: String) throws(SQLError) { try connection.run(statement) }

  func transaction(_ group: String, _ body: () throws(SQLError) -> Void) throws(SQLError) {
    staged = []
    do throws(SQLError) {
      try connection.transaction { () throws(SQLError) in
        // Staged rows are of one writer at a time.
        try connection.run(
          "SELECT pg_advisory_xact_lock(hashtext('tributary'), hashtext($1))", [group])
        try body()
        if !staged.isEmpty {
          try connection.run("TRUNCATE \(staged.sorted().joined(separator: ", "))")
        }
      }
    } catch {
      months.forget()
      throw error
    }
  }

  func empty(_ tables: [Table]) throws(SQLError) {
    let names = tables.flatMap { $0.isStaged ? [$0.name, $0.stagedName] : [$0.name] }
    try connection.run("TRUNCATE \(names.joined(separator: ", "))")
  }

  // MARK: Bookkeeping

  func columns(of table: String) throws(SQLError) -> [String] {
    try connection.run(
      """
      SELECT attname FROM pg_attribute \
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
      """, [table]
    ).map { $0[0] }
  }

  func version(in bookkeeping: Bookkeeping) throws(SQLError) -> (version: Int64, source: String)? {
    guard try !columns(of: bookkeeping.schema).isEmpty else { return nil }
    let row = try connection.run("SELECT version, source FROM \(bookkeeping.schema)").first
    guard let row else { return (0, "") }
    return (Int64(row[0]) ?? 0, row[1])
  }

  func positions(
    of topic: String, in bookkeeping: Bookkeeping
  ) throws(SQLError) -> [Int32: SavedPosition] {
    try connection.positions(of: topic, in: bookkeeping)
  }

  func save(_ step: SinkBatch.Step, in bookkeeping: Bookkeeping) throws(SQLError) -> Bool {
    try connection.save(step, in: bookkeeping)
  }

  func save(
    finalThrough: Milliseconds, of partition: Int32, in bookkeeping: Bookkeeping
  ) throws(SQLError) {
    try connection.run(
      Schema.upsert(
        into: bookkeeping.progress, columns: ["partition", "final_through"], key: ["partition"],
        source: "VALUES (\(partition), \(Self.time("\(finalThrough)")))"))
  }

  // MARK: Rows

  func put(_ rows: [[SQLValue]], into table: Table) throws(SQLError) {
    guard !rows.isEmpty else { return }
    let names = table.columns.map(\.name)
    if case .month = table.partitioning {
      let place = names.firstIndex(of: "date")!
      try months.make(for: rows.map { $0[place] }, of: table)
    }
    try stage(rows, names, of: table)
    let values = table.columns.map { column in
      let name = Schema.name(column.name)
      return column.type == .time ? Self.time(name) : name
    }
    let updates = names.filter { !table.key.contains($0) }.map { name -> String in
      let sum = table.sums.contains(name) ? "kept.\(Schema.name(name)) + " : ""
      return "\(Schema.name(name)) = \(sum)excluded.\(Schema.name(name))"
    }
    let conflict = table.keepsRows ? "NOTHING" : "UPDATE SET \(updates.joined(separator: ", "))"
    try connection.run(
      """
      INSERT INTO \(table.name) AS kept (\(Schema.names(names))) \
      SELECT \(values.joined(separator: ", ")) FROM \(table.stagedName) WHERE NOT removes \
      ON CONFLICT (\(Schema.names(table.key))) DO \(conflict)
      """)
  }

  func remove(
    _ keys: [[SQLValue]], by columns: [String], from table: Table, where condition: String?,
    returning: [String]
  ) throws(SQLError) -> [[SQLValue]] {
    guard !keys.isEmpty else { return [] }
    try stage(keys.map { $0 + [.boolean(true)] }, columns + ["removes"], of: table)
    let matches = columns.map { column -> String in
      let name = Schema.name(column)
      let staged = "staged.\(name)"
      return "gone.\(name) = "
        + (table.column(column).type == .time ? Self.time(staged) : staged)
    }
    let conditions = ["staged.removes"] + matches + (condition.map { ["gone.\($0)"] } ?? [])
    let results = returning.map { column -> String in
      let name = "gone.\(Schema.name(column))"
      return table.column(column).type == .time
        ? "(extract(epoch FROM \(name)) * 1000)::bigint" : name
    }
    let rows = try connection.run(
      """
      DELETE FROM \(table.name) AS gone USING \(table.stagedName) AS staged \
      WHERE \(conditions.joined(separator: " AND "))
      """ + (returning.isEmpty ? "" : " RETURNING \(results.joined(separator: ", "))"))
    return rows.map { row in
      zip(row, returning).map { text, column in
        switch table.column(column).type {
        case .time: .time(Int64(text) ?? 0)
        case .integer: .integer(Int64(text) ?? 0)
        default: .text(CopyText.withNUL(text))
        }
      }
    }
  }

  private func stage(
    _ rows: [[SQLValue]], _ columns: [String], of table: Table
  ) throws(SQLError) {
    var lines: [UInt8] = []
    for row in rows { CopyText.append(row, to: &lines) }
    staged.insert(table.stagedName)
    try connection.copy(into: "\(table.stagedName) (\(Schema.names(columns)))", lines)
  }

  /// A time that stands in milliseconds.
  static func time(_ value: String) -> String {
    "TIMESTAMPTZ 'epoch' + (\(value)) * INTERVAL '1 millisecond'"
  }
}
