import Attribution
import Codec

/// The tables in a PostgreSQL database.
///
/// A batch is copied into temporary tables, which is fast, and put in its place from there. What
/// becomes of a NUL in a name, which PostgreSQL cannot store, says `CopyText`.
final class PostgresStore: SQLStore {
  private let connection: PostgresConnection
  private let definitions: Definitions

  private static let dialect = Schema.Dialect(
    time: "TIMESTAMPTZ", boolean: "BOOLEAN", json: "JSONB", wideInteger: "NUMERIC(39)",
    changesTypes: true, keyedTable: "", hasLongKeys: false)
  private static let timeColumns: Set = ["window_start", "window_end", "event_time"]
  private static let jsonColumns: Set = ["touches", "credit", "revenue"]

  /// Of the table of rollups, as `migrate` has found or made it.
  private var columns = RollupColumns()
  private var upsertRollups: String {
    Schema.upsertRollups(
      columns, Self.dialect, source: Self.selection(columns.all, from: "staged_rollups"))
  }
  private var deleteRollups: String {
    let conditions = columns.key.map {
      "rollups.\(Schema.name($0)) = "
        + Self.expression("staged_deletions.\(Schema.name($0))", of: $0)
    }
    return "DELETE FROM rollups USING staged_deletions WHERE "
      + conditions.joined(separator: " AND ")
  }
  private static let upsertAttributions = Schema.upsert(
    into: "attributions", columns: Schema.attributionColumns, key: ["conversion_id"],
    source: selection(Schema.attributionColumns, from: "staged_attributions"))
  private static let saveOffset = """
    INSERT INTO tributary_offsets AS saved (topic, partition, next_offset) \
    VALUES ($1, $2::integer, $3::bigint) \
    ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset \
    WHERE saved.next_offset = $4::bigint RETURNING 1
    """

  init(_ address: String, _ definitions: Definitions) throws(SQLError) {
    connection = try PostgresConnection(address)
    self.definitions = definitions
  }

  func migrate() throws(SQLError) {
    try transaction { () throws(SQLError) in
      // Two sinks that start at once must not both create the tables.
      try connection.run("SELECT pg_advisory_xact_lock(hashtext('tributary'))")
      try connection.run("CREATE TABLE IF NOT EXISTS tributary_schema (version BIGINT NOT NULL)")
      let found = try connection.run("SELECT version FROM tributary_schema").first?.first
      let version = found.flatMap { Int64($0) } ?? 0
      guard version <= Schema.version else { throw .laterVersion(version) }
      for statements in Schema.migrations(Self.dialect).dropFirst(Int(version)) {
        for statement in statements { try connection.run(statement) }
      }
      try connection.run("DELETE FROM tributary_schema")
      try connection.run("INSERT INTO tributary_schema VALUES (\(Schema.version))")
      let former = RollupColumns(
        extra: try connection.run(Schema.extraDimensions).compactMap(\.first))
      columns = former.adding(definitions)
      for statement in Schema.adding(columns, to: former, Self.dialect) {
        try connection.run(statement)
      }
    }
    for (table, columns) in [
      ("staged_rollups", self.columns.all), ("staged_deletions", self.columns.key),
      ("staged_attributions", Schema.attributionColumns),
    ] {
      let list = columns.map { "\(Schema.name($0)) \(Self.stagedType($0))" }.joined(separator: ", ")
      try connection.run("CREATE TEMPORARY TABLE \(table) (\(list)) ON COMMIT DELETE ROWS")
    }
  }

  func savedOffsets(of topic: String) throws(SQLError) -> [Int32: Int64] {
    let rows = try connection.run(
      "SELECT partition, next_offset FROM tributary_offsets WHERE topic = $1", [topic])
    return Dictionary(uniqueKeysWithValues: rows.map { (Int32($0[0])!, Int64($0[1])!) })
  }

  func apply(_ batch: SinkBatch) throws(SQLError) {
    try transaction { () throws(SQLError) in
      for step in batch.steps { try save(step) }
      try put(
        batch.rollups.values.compactMap { $0?.values(definitions, columns) },
        by: "staged_rollups", upsertRollups)
      try put(
        batch.rollups.filter { $0.value == nil }.map { $0.key.values(definitions, columns) },
        by: "staged_deletions", deleteRollups)
      try put(
        batch.attributions.values.compactMap { $0?.withoutNUL.values }, by: "staged_attributions",
        Self.upsertAttributions)
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

  func close() { connection.close() }

  private func put(
    _ rows: [[SQLValue]], by staged: String, _ statement: String
  ) throws(SQLError) {
    guard !rows.isEmpty else { return }
    var lines: [UInt8] = []
    for row in rows { CopyText.append(row, to: &lines) }
    try connection.copy(into: staged, lines)
    try connection.run(statement)
  }

  private func save(_ step: SinkBatch.Step) throws(SQLError) {
    let moved = try connection.run(
      Self.saveOffset, [step.topic, "\(step.partition)", "\(step.through)", "\(step.from ?? -1)"])
    guard !moved.isEmpty else { throw .overtaken(topic: step.topic, partition: step.partition) }
  }

  private func transaction(_ body: () throws(SQLError) -> Void) throws(SQLError) {
    try connection.run("BEGIN")
    do throws(SQLError) {
      try body()
      try connection.run("COMMIT")
    } catch {
      _ = try? connection.run("ROLLBACK")
      throw error
    }
  }

  private static func stagedType(_ column: String) -> String {
    if timeColumns.contains(column) { return "BIGINT" }
    if column == "final" || column == "deleted" { return "BOOLEAN" }
    if Schema.sumColumns.contains(column) { return dialect.wideInteger }
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
    if timeColumns.contains(column) {
      return "TIMESTAMPTZ 'epoch' + (\(value)) * INTERVAL '1 millisecond'"
    }
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
