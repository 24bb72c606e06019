import Attribution
import Codec

/// The tables in a PostgreSQL database.
///
/// A batch is copied into tables of staged rows, which is fast, and put in its place from there. They are empty again
/// at the end of the transaction, and nothing outlives it in the session, so that a pooler may give every transaction
/// another one. `CopyText` says what becomes of a NUL in a name, which PostgreSQL cannot store.
final class PostgresStore: SQLStore {
  private let connection: PostgresConnection
  private let definitions: Definitions

  private static let wideInteger = "NUMERIC(39)"
  private static let dialect = Schema.Dialect(
    time: "TIMESTAMPTZ", boolean: "BOOLEAN", json: "JSONB", wideInteger: wideInteger,
    changesTypes: true, keyedTable: "", hasLongKeys: false,
    stagedTables: [
      ("rollups", RollupColumns().all), ("deletions", RollupColumns().key),
      ("attributions", Schema.attributionColumns),
    ].map { table, columns in
      let list = columns.map { "\(Schema.name($0)) \(stagedType($0))" }.joined(separator: ", ")
      return "CREATE UNLOGGED TABLE IF NOT EXISTS \(staged(table)) (\(list))"
    })
  private static func staged(_ table: String) -> String { "tributary_staged_\(table)" }
  private static let timeColumns: Set = ["window_start", "window_end", "event_time"]
  private static let jsonColumns: Set = ["touches", "credit", "revenue"]

  /// Of the table of rollups, as `migrate` has found or made it.
  private var columns = RollupColumns()
  private var upsertRollups: String {
    Schema.upsertRollups(
      columns, Self.dialect, source: Self.selection(columns.all, from: Self.staged("rollups")))
  }
  private var deleteRollups: String {
    let conditions = columns.key.map {
      "rollups.\(Schema.name($0)) = "
        + Self.expression("staged.\(Schema.name($0))", of: $0)
    }
    return "DELETE FROM rollups USING \(Self.staged("deletions")) AS staged WHERE "
      + conditions.joined(separator: " AND ")
  }
  private static let upsertAttributions = Schema.upsert(
    into: "attributions", columns: Schema.attributionColumns, key: ["conversion_id"],
    source: selection(Schema.attributionColumns, from: staged("attributions")))
  init(
    _ address: String, _ definitions: Definitions, _ interruption: SQLInterruption
  ) throws(SQLError) {
    connection = try PostgresConnection(address, interruption: interruption)
    self.definitions = definitions
  }

  /// What is there is left as it is, so that a role without the right to create anything can run this.
  func migrate() throws(SQLError) {
    try connection.transaction { () throws(SQLError) in
      // Two sinks that start at once must not both create the tables.
      try connection.run("SELECT pg_advisory_xact_lock(hashtext('tributary'))")
      let isThere =
        try connection.run("SELECT to_regclass('tributary_schema') IS NOT NULL")[0][0] == "t"
      if !isThere { try connection.run("CREATE TABLE tributary_schema (version BIGINT NOT NULL)") }
      let found = try connection.run("SELECT version FROM tributary_schema").first?.first
      let version = found.flatMap { Int64($0) } ?? 0
      guard version <= Schema.version else { throw .laterVersion(version) }
      for statements in Schema.migrations(Self.dialect).dropFirst(Int(version)) {
        for statement in statements { try connection.run(statement) }
      }
      if version < Schema.version {
        try connection.run("DELETE FROM tributary_schema")
        try connection.run("INSERT INTO tributary_schema VALUES (\(Schema.version))")
      }
      let former = RollupColumns(
        extra: try connection.run(Schema.extraDimensions).compactMap(\.first))
      columns = former.adding(definitions)
      for statement in Schema.adding(columns, to: former, Self.dialect) {
        try connection.run(statement)
      }
      for table in ["rollups", "deletions"] where !columns.extra.isEmpty {
        let additions = columns.extra.map { "ADD COLUMN IF NOT EXISTS \(Schema.name($0)) TEXT" }
        try connection.run(
          "ALTER TABLE \(Self.staged(table)) \(additions.joined(separator: ", "))")
      }
    }
  }

  func savedPositions(of topic: String) throws(SQLError) -> [Int32: SavedPosition] {
    try connection.positions(of: topic, in: Schema.bookkeeping)
  }

  func apply(_ batch: SinkBatch) throws(SQLError) {
    try connection.transaction { () throws(SQLError) in
      // Staged rows are of one writer at a time.
      try connection.run("SELECT pg_advisory_xact_lock(hashtext('tributary'))")
      for step in batch.steps {
        guard try connection.save(step, in: Schema.bookkeeping) else {
          throw .overtaken(topic: step.topic, partition: step.partition)
        }
      }
      try put(
        batch.rollups.values.compactMap { $0?.values(definitions, columns) }, columns.all,
        by: "rollups", upsertRollups)
      try put(
        batch.rollups.filter { $0.value == nil }.map { $0.key.values(definitions, columns) },
        columns.key, by: "deletions", deleteRollups)
      try put(
        batch.attributions.values.compactMap { $0?.withoutNUL.values }, Schema.attributionColumns,
        by: "attributions", Self.upsertAttributions)
      for (conversionID, attribution) in batch.attributions where attribution == nil {
        let name = CopyText.withoutNUL(String(decoding: conversionID, as: UTF8.self))
        try connection.run("DELETE FROM attributions WHERE conversion_id = $1", [name])
      }
      for (partition, time) in batch.finalThrough {
        try connection.run(
          Schema.upsert(
            into: "tributary_progress", columns: ["partition", "final_through"],
            key: ["partition"],
            source: "VALUES (\(partition), \(Self.expression("\(time)", of: "event_time")))"))
      }
    }
  }

  func startAgain() throws(SQLError) {
    try connection.run(
      "TRUNCATE rollups, attributions, \(Schema.bookkeeping.offsets), \(Schema.bookkeeping.progress)"
    )
  }

  func close() { connection.close() }

  private func put(
    _ rows: [[SQLValue]], _ columns: [String], by table: String, _ statement: String
  ) throws(SQLError) {
    guard !rows.isEmpty else { return }
    var lines: [UInt8] = []
    for row in rows { CopyText.append(row, to: &lines) }
    let staged = Self.staged(table)
    try connection.copy(into: "\(staged) (\(Schema.names(columns)))", lines)
    try connection.run(statement)
    try connection.run("TRUNCATE \(staged)")
  }

  private static func stagedType(_ column: String) -> String {
    if timeColumns.contains(column) { return "BIGINT" }
    if column == "final" || column == "deleted" { return "BOOLEAN" }
    if Schema.sumColumns.contains(column) { return wideInteger }
    let isNumber =
      Schema.countColumns.contains(column) || Schema.modelColumns.contains(column)
      || ["value_micros", "revision", "touch_count"].contains(column)
    return isNumber ? "BIGINT" : "TEXT"
  }

  private static func selection(_ columns: [String], from table: String) -> String {
    "SELECT \(columns.map { expression(Schema.name($0), of: $0) }.joined(separator: ", ")) FROM \(table)"
  }

  /// What a column gets from a staged value. Times are staged as milliseconds, because the text of
  /// year 0 is none to PostgreSQL.
  private static func expression(_ value: String, of column: String) -> String {
    if timeColumns.contains(column) { return PostgresTables.time(value) }
    return jsonColumns.contains(column) ? "(\(value))::jsonb" : value
  }
}

extension PublishedAttribution {
  /// The touches' names go into JSON, where a NUL would be escaped, and refused all the same.
  fileprivate var withoutNUL: PublishedAttribution {
    var attribution = self
    for index in touches.indices {
      let touch = touches[index]
      attribution.touches[index].eventID = CopyText.withoutNUL(touch.eventID)
      attribution.touches[index].campaignID = CopyText.withoutNUL(touch.campaignID)
      attribution.touches[index].channel = CopyText.withoutNUL(touch.channel)
      attribution.touches[index].adID = CopyText.withoutNUL(touch.adID)
    }
    return attribution
  }
}
