import Attribution

/// The tables, in the words that both databases understand.
///
/// Money and credits are integers of millionths. A sum of amounts may be beyond 64 bits: PostgreSQL has NUMERIC
/// for that; SQLite, which has no such numbers, holds its digits as text, so that what is stored is exact, though
/// `sum()` over such rows is a float there. A dimension that a view does not have is `''`; a model that is not
/// configured is null. Every dimension of the configuration has a column.
enum Schema {
  static let version: Int64 = 5

  /// How one database names types.
  struct Dialect {
    let time: String
    let boolean: String
    let json: String
    /// Of sums of amounts; empty takes whatever it is given, as it is.
    let wideInteger: String
    /// Whether a column's type can be changed; if not, the table is made anew.
    let changesTypes: Bool
    /// What follows the closing bracket of tables that are looked up by their key.
    let keyedTable: String
    /// Whether a key may be as long as it likes; if not, a hash of the dimensions stands for them.
    let hasLongKeys: Bool
    /// Statements that make the tables in which rows wait for being put in place.
    let stagedTables: [String]
  }

  static let bookkeeping = Bookkeeping(prefix: "tributary")

  static let standardDimensions = Dimension.standard.map(\.rawValue)
  static let countColumns = ["impressions", "clicks", "users", "sessions"]
  /// Conversions, then revenue, for every model there is: `conversions_linear_micros`.
  static let modelColumns = Model.allCases.flatMap {
    ["conversions_\($0.rawValue)_micros", "revenue_\($0.rawValue)_micros"]
  }
  /// The columns that hold sums of amounts.
  static let sumColumns = ["spend_micros"] + Model.allCases.map { "revenue_\($0.rawValue)_micros" }
  static let attributionColumns = [
    "conversion_id", "user_id", "event_time", "value_micros", "currency", "touch_count", "touches",
    "credit", "revenue", "revision", "deleted",
  ]

  /// Statements that make the tables of a version out of those of the version before it.
  static func migrations(_ dialect: Dialect) -> [[String]] {
    [
      [rollups(dialect), attributions(dialect)] + bookkeeping(dialect),
      // Version 1 had 64 bits for every sum.
      widenSums(dialect),
      // Version 2 had no other dimensions than the standard ones.
      [
        "CREATE TABLE IF NOT EXISTS tributary_dimensions (position INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)"
      ],
      // Version 3 knew no conversions that were taken back.
      ["ALTER TABLE attributions ADD COLUMN deleted \(dialect.boolean) NOT NULL DEFAULT FALSE"],
      // Version 4 did not know whether the topics had been started anew, and staged rows in temporary tables.
      ["ALTER TABLE tributary_offsets ADD COLUMN epoch TEXT"] + dialect.stagedTables,
    ]
  }

  /// Reads which extra dimensions have columns.
  static let extraDimensions = "SELECT name FROM tributary_dimensions ORDER BY position"

  /// Statements that give the table of rollups a column for each new dimension.
  static func adding(
    _ columns: RollupColumns, to former: RollupColumns, _ dialect: Dialect
  ) -> [String] {
    guard columns != former else { return [] }
    let new = columns.extra[former.extra.count...]
    let notes = zip(new.indices, new).map {
      "INSERT INTO tributary_dimensions VALUES (\($0), '\($1)')"
    }
    if dialect.hasLongKeys { return rebuild(columns, from: former, dialect) + notes }
    let key = names(columns.dimensions)
    return [
      // By the names' own hash, because an entry of an index has to fit a page.
      """
      CREATE OR REPLACE FUNCTION tributary_names_key(VARIADIC names TEXT[]) RETURNS BYTEA \
      LANGUAGE SQL IMMUTABLE PARALLEL SAFE \
      AS $$ SELECT sha256(convert_to(array_to_json(names)::text, 'UTF8')) $$
      """,
      "ALTER TABLE rollups DROP CONSTRAINT IF EXISTS rollups_pkey",
      "DROP INDEX IF EXISTS rollups_key",
      "ALTER TABLE rollups "
        + new.map { "ADD COLUMN \(name($0)) TEXT NOT NULL DEFAULT ''" }.joined(separator: ", "),
      "CREATE UNIQUE INDEX rollups_key ON rollups (view, window_start, (tributary_names_key(\(key))))",
    ] + notes
  }

  private static func rebuild(
    _ columns: RollupColumns, from former: RollupColumns, _ dialect: Dialect
  ) -> [String] {
    [
      "ALTER TABLE rollups RENAME TO rollups_before", rollups(dialect, columns),
      "INSERT INTO rollups (\(names(former.all))) SELECT \(names(former.all)) FROM rollups_before",
      "DROP TABLE rollups_before",
    ]
  }

  /// A column's name as statements spell it: dimensions may be called `order`, or hold a `-`.
  static func name(_ column: String) -> String { "\"\(column)\"" }

  static func names(_ columns: some Sequence<String>) -> String {
    columns.map(name).joined(separator: ", ")
  }

  private static func widenSums(_ dialect: Dialect) -> [String] {
    if dialect.changesTypes {
      let changes = sumColumns.map { "ALTER COLUMN \($0) TYPE \(dialect.wideInteger)" }
      return ["ALTER TABLE rollups \(changes.joined(separator: ", "))"]
    }
    return rebuild(RollupColumns(), from: RollupColumns(), dialect)
  }

  private static func rollups(
    _ dialect: Dialect, _ rollups: RollupColumns = RollupColumns()
  ) -> String {
    let dimensions = rollups.dimensions.map { "\(name($0)) TEXT NOT NULL DEFAULT ''" }
    let counts =
      countColumns.map { "\($0) BIGINT NOT NULL" }
      + ["spend_micros \(dialect.wideInteger) NOT NULL"]
    let models = modelColumns.map {
      "\($0) \(sumColumns.contains($0) ? dialect.wideInteger : "BIGINT")"
    }
    let columns =
      ["view TEXT NOT NULL", "window_start \(dialect.time) NOT NULL"] + dimensions
      + ["window_end \(dialect.time) NOT NULL"] + counts + models
      + [
        "currency TEXT NOT NULL", "final \(dialect.boolean) NOT NULL", "revision BIGINT NOT NULL",
        "PRIMARY KEY (\(names(rollups.key)))",
      ]
    return "CREATE TABLE rollups (\(columns.joined(separator: ", "))) \(dialect.keyedTable)"
  }

  private static func attributions(_ dialect: Dialect) -> String {
    """
    CREATE TABLE attributions (conversion_id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, \
    event_time \(dialect.time) NOT NULL, value_micros BIGINT NOT NULL, currency TEXT NOT NULL, \
    touch_count INTEGER NOT NULL, touches \(dialect.json) NOT NULL, credit \(dialect.json) NOT NULL, \
    revenue \(dialect.json) NOT NULL, revision BIGINT NOT NULL) \(dialect.keyedTable)
    """
  }

  private static func bookkeeping(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE tributary_offsets (topic TEXT NOT NULL, partition INTEGER NOT NULL, \
      next_offset BIGINT NOT NULL, PRIMARY KEY (topic, partition))
      """,
      """
      CREATE TABLE tributary_progress (partition INTEGER NOT NULL PRIMARY KEY, \
      final_through \(dialect.time) NOT NULL)
      """,
    ]
  }

  /// `INSERT … ON CONFLICT … DO UPDATE` for the rollups.
  static func upsertRollups(
    _ columns: RollupColumns, _ dialect: Dialect, source: String
  ) -> String {
    let isHashed = !dialect.hasLongKeys && !columns.extra.isEmpty
    let target =
      isHashed
      ? "view, window_start, tributary_names_key(\(names(columns.dimensions)))"
      : names(columns.key)
    return upsert(
      into: "rollups", columns: columns.all, key: columns.key, target: target, source: source)
  }

  /// `INSERT … ON CONFLICT … DO UPDATE`, all columns but the key's taken from the new row.
  ///
  /// - Parameters:
  ///   - target: what the key's index is on, if it is not its columns.
  ///   - source: `VALUES (…)` or `SELECT …`.
  static func upsert(
    into table: String, columns: [String], key: [String], target: String? = nil, source: String
  ) -> String {
    let updates = columns.filter { !key.contains($0) }.map { "\(name($0)) = excluded.\(name($0))" }
    return """
      INSERT INTO \(table) (\(names(columns))) \(source) \
      ON CONFLICT (\(target ?? names(key))) DO UPDATE SET \(updates.joined(separator: ", "))
      """
  }
}
