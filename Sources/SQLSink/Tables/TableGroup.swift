import Attribution

/// A set of tables that are filled together: what they look like, and what a batch makes of them.
protocol TableGroup {
  /// What the names of its bookkeeping begin with.
  static var name: String { get }
  /// In the order in which they are made.
  var tables: [Table] { get }
  /// Names what the tables are filled from: where it changes, they start again.
  var source: String { get }
  /// Makes a batch's changes, within the open transaction.
  func apply(_ batch: SinkBatch, _ writer: any TableWriter) throws(SQLError)
}

extension TableGroup {
  /// The version of the tables that this program makes.
  static var version: Int64 { 1 }

  static var bookkeeping: Bookkeeping { Bookkeeping(prefix: name) }

  /// The statements by which everything is made.
  func creation(_ dialect: TableDialect) -> [String] {
    let bookkeeping = Self.bookkeeping
    return bookkeeping.tables.flatMap { dialect.creation(of: $0) }
      + tables.flatMap { dialect.creation(of: $0) }
      + [bookkeeping.insertVersion(Self.version, source: source)]
  }
}

extension TableSet {
  /// Nil for the rollups, which have stores of their own.
  func group(_ definitions: Definitions) -> (any TableGroup)? {
    switch self {
    case .rollups: nil
    case .adMetrics: AdMetricsTables(definitions)
    case .star: StarTables(definitions)
    }
  }
}

/// Writes rows within the open transaction.
protocol TableWriter: AnyObject {
  /// Puts rows in place, by their keys, which are all different. Values stand in the order of the table's columns.
  func put(_ rows: [[SQLValue]], into table: Table) throws(SQLError)
  /// Removes the rows that have these values in `columns`.
  ///
  /// - Parameter condition: what must be true of a row as well.
  /// - Returns: of every row that was removed its values in the columns `returning`.
  func remove(
    _ keys: [[SQLValue]], by columns: [String], from table: Table, where condition: String?,
    returning: [String]
  ) throws(SQLError) -> [[SQLValue]]
}

extension TableWriter {
  func remove(
    _ keys: [[SQLValue]], by columns: [String], from table: Table, where condition: String? = nil
  ) throws(SQLError) {
    _ = try remove(keys, by: columns, from: table, where: condition, returning: [])
  }
}
