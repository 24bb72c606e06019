import Attribution
import Codec
import SQLite

/// The tables in a SQLite file.
///
/// Times are RFC 3339 text in UTC, as in the topics: SQLite's date functions read them, and they sort.
/// The write-ahead log lets others read while it is written. A power failure may take back the last
/// transactions, but then their offsets as well: nothing is lost and nothing is counted twice.
final class SQLiteStore: SQLStore {
  private let database: SQLiteDatabase
  private let definitions: Definitions

  private static let dialect = Schema.Dialect(
    time: "TEXT", boolean: "INTEGER", json: "TEXT", wideInteger: "", changesTypes: false,
    keyedTable: "WITHOUT ROWID", hasLongKeys: true, stagedTables: [])

  /// Of the table of rollups, as `migrate` has found or made it.
  private var columns = RollupColumns() {
    didSet { (upsertRollup, deleteRollup) = Self.statements(columns) }
  }
  private var upsertRollup: String
  private var deleteRollup: String

  private static func statements(_ columns: RollupColumns) -> (upsert: String, delete: String) {
    let conditions = columns.key.map { "\(Schema.name($0)) = ?" }
    return (
      Schema.upsertRollups(columns, dialect, source: values(columns.all.count)),
      "DELETE FROM rollups WHERE \(conditions.joined(separator: " AND "))"
    )
  }

  private static let upsertAttribution = Schema.upsert(
    into: "attributions", columns: Schema.attributionColumns, key: ["conversion_id"],
    source: values(Schema.attributionColumns.count))
  private static let upsertProgress = Schema.upsert(
    into: "tributary_progress", columns: ["partition", "final_through"], key: ["partition"],
    source: values(2))
  init(path: String, _ definitions: Definitions) throws(SQLError) {
    database = try SQLError.of { () throws(SQLiteError) in try SQLiteDatabase(path, .readWrite) }
    self.definitions = definitions
    (upsertRollup, deleteRollup) = Self.statements(columns)
    try execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
  }

  func migrate() throws(SQLError) {
    try transaction { () throws(SQLError) in
      let version = try run("PRAGMA user_version").first?.first ?? 0
      guard version <= Schema.version else { throw .laterVersion(version) }
      for statements in Schema.migrations(Self.dialect).dropFirst(Int(version)) {
        for statement in statements { try execute(statement) }
      }
      try execute("PRAGMA user_version = \(Schema.version)")
      let former = RollupColumns(extra: try texts(Schema.extraDimensions))
      columns = former.adding(definitions)
      for statement in Schema.adding(columns, to: former, Self.dialect) { try execute(statement) }
    }
  }

  func savedPositions(of topic: String) throws(SQLError) -> [Int32: SavedPosition] {
    try database.positions(of: topic, in: Schema.bookkeeping)
  }

  func apply(_ batch: SinkBatch) throws(SQLError) {
    try transaction { () throws(SQLError) in
      for step in batch.steps {
        guard try database.save(step, in: Schema.bookkeeping) else {
          throw .overtaken(topic: step.topic, partition: step.partition)
        }
      }
      // In the order of the primary key, so that pages are written one after the other.
      for (key, rollup) in batch.rollups.sorted(by: { $0.key.windowStart < $1.key.windowStart }) {
        if let rollup {
          try run(upsertRollup, rollup.values(definitions, columns))
        } else {
          try run(deleteRollup, key.values(definitions, columns))
        }
      }
      for (conversionID, attribution) in batch.attributions {
        if let attribution {
          try run(Self.upsertAttribution, attribution.values)
        } else {
          try run(
            "DELETE FROM attributions WHERE conversion_id = ?",
            [.text(String(decoding: conversionID, as: UTF8.self))])
        }
      }
      for (partition, time) in batch.finalThrough {
        try run(Self.upsertProgress, [.integer(Int64(partition)), .time(time)])
      }
    }
  }

  func close() { database.close() }

  /// Whole seconds without decimals, as window times are in the topics.
  static func text(_ time: Milliseconds) -> String {
    time % 1_000 == 0 ? Time.formatSeconds(time) : Time.formatMilliseconds(time)
  }

  func startAgain() throws(SQLError) {
    try transaction { () throws(SQLError) in
      for table in [
        "rollups", "attributions", Schema.bookkeeping.offsets, Schema.bookkeeping.progress,
      ] { try execute("DELETE FROM \(table)") }
    }
  }

  private func execute(_ sql: String) throws(SQLError) {
    try SQLError.of { () throws(SQLiteError) in try database.execute(sql) }
  }

  /// The texts of a query's first column.
  private func texts(_ sql: String) throws(SQLError) -> [String] {
    try SQLError.of { () throws(SQLiteError) in
      try database.texts(sql, columnCount: 1).map { $0[0] }
    }
  }

  @discardableResult
  private func run(_ sql: String, _ values: [SQLValue] = []) throws(SQLError) -> [[Int64]] {
    try SQLError.of { () throws(SQLiteError) in
      try database.run(sql) { statement throws(SQLiteError) in try statement.bind(values) }
    }
  }

  private func transaction(_ body: () throws(SQLError) -> Void) throws(SQLError) {
    try database.transaction(failure: SQLError.init, body)
  }

  private static func values(_ count: Int) -> String {
    "VALUES (\(Array(repeating: "?", count: count).joined(separator: ", ")))"
  }
}
