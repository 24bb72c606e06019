import Attribution

/// The tables, in the words that both databases understand.
///
/// Money and credits are integers of millionths. A sum of amounts may be beyond 64 bits: PostgreSQL has NUMERIC
/// for that; SQLite, which has no such numbers, holds its digits as text, so that what is stored is exact, though
/// `sum()` over such rows is a float there. A dimension that a view does not have is `''`; a model that is not
/// configured is null.
enum Schema {
  static let version: Int64 = 3

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
  }

  static let dimensionColumns = Dimension.allCases.map(\.rawValue)
  static let keyColumns = ["view", "window_start"] + dimensionColumns
  static let countColumns = ["impressions", "clicks", "users", "sessions"]
  /// Conversions, then revenue, for every model there is: `conversions_linear_micros`.
  static let modelColumns = Model.allCases.flatMap {
    ["conversions_\($0.rawValue)_micros", "revenue_\($0.rawValue)_micros"]
  }
  /// The columns that hold sums of amounts.
  static let sumColumns = ["spend_micros"] + Model.allCases.map { "revenue_\($0.rawValue)_micros" }
  static let rollupColumns =
    keyColumns + ["window_end"] + countColumns + ["spend_micros"] + modelColumns
    + ["currency", "final", "revision"]
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
      // Version 2 knew no conversions that were taken back.
      ["ALTER TABLE attributions ADD COLUMN deleted \(dialect.boolean) NOT NULL DEFAULT FALSE"],
    ]
  }

  private static func widenSums(_ dialect: Dialect) -> [String] {
    if dialect.changesTypes {
      let changes = sumColumns.map { "ALTER COLUMN \($0) TYPE \(dialect.wideInteger)" }
      return ["ALTER TABLE rollups \(changes.joined(separator: ", "))"]
    }
    let columns = rollupColumns.joined(separator: ", ")
    return [
      "ALTER TABLE rollups RENAME TO rollups_before", rollups(dialect),
      "INSERT INTO rollups (\(columns)) SELECT \(columns) FROM rollups_before",
      "DROP TABLE rollups_before",
    ]
  }

  private static func rollups(_ dialect: Dialect) -> String {
    let dimensions = dimensionColumns.map { "\($0) TEXT NOT NULL" }
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
        "PRIMARY KEY (\(keyColumns.joined(separator: ", ")))",
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

  /// `INSERT … ON CONFLICT … DO UPDATE`, all columns but the key's taken from the new row.
  ///
  /// - Parameter source: `VALUES (…)` or `SELECT …`.
  static func upsert(
    into table: String, columns: [String], key: [String], source: String
  ) -> String {
    let updates = columns.filter { !key.contains($0) }.map { "\($0) = excluded.\($0)" }
    return """
      INSERT INTO \(table) (\(columns.joined(separator: ", "))) \(source) \
      ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE SET \(updates.joined(separator: ", "))
      """
  }
}
