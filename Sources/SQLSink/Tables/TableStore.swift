import Attribution

/// A database that holds sets of tables: what `TableStore` needs of it.
protocol TableDatabase: TableWriter {
  static var dialect: TableDialect { get }
  func run(_ statement: String) throws(SQLError)
  /// Runs `body` in a transaction of one writer at a time.
  ///
  /// - Parameter group: the name of the set that is written.
  func transaction(_ group: String, _ body: () throws(SQLError) -> Void) throws(SQLError)
  /// The names of a table's columns; empty where there is no such table.
  func columns(of table: String) throws(SQLError) -> [String]
  /// The version of the tables, and what they are filled from; nil for neither.
  func version(in bookkeeping: Bookkeeping) throws(SQLError) -> (version: Int64, source: String)?
  func positions(
    of topic: String, in bookkeeping: Bookkeeping
  ) throws(SQLError) -> [Int32: SavedPosition]
  /// Moves a saved position; false where it was not where the step begins.
  func save(_ step: SinkBatch.Step, in bookkeeping: Bookkeeping) throws(SQLError) -> Bool
  func save(
    finalThrough: Milliseconds, of partition: Int32, in bookkeeping: Bookkeeping
  ) throws(SQLError)
  /// Removes all rows of the tables.
  func empty(_ tables: [Table]) throws(SQLError)
  func close()
}

/// Keeps a set of tables in a database.
final class TableStore: SQLStore {
  private let database: any TableDatabase
  private let group: any TableGroup
  private let bookkeeping: Bookkeeping
  private let name: String

  init(_ database: any TableDatabase, _ group: any TableGroup) {
    self.database = database
    self.group = group
    bookkeeping = type(of: group).bookkeeping
    name = type(of: group).name
  }

  /// What is there is left as it is, so that a role without the right to create anything can run this.
  func migrate() throws(SQLError) {
    let dialect = type(of: database).dialect
    try database.transaction(name) { () throws(SQLError) in
      guard let found = try database.version(in: bookkeeping) else {
        for statement in group.creation(dialect) { try database.run(statement) }
        return
      }
      guard found.version <= type(of: group).version else { throw .laterVersion(found.version) }
      for table in group.tables {
        let known = Set(try database.columns(of: table.name).map { $0.lowercased() })
        guard !known.isEmpty else {
          throw .failed(
            "the table \(table.name) is missing, although \(bookkeeping.schema) is there")
        }
        for column in table.columns where !known.contains(column.name.lowercased()) {
          for statement in dialect.addition(of: column, to: table) { try database.run(statement) }
        }
      }
      if found.source != group.source { try forget() }
    }
  }

  func savedPositions(of topic: String) throws(SQLError) -> [Int32: SavedPosition] {
    try database.positions(of: topic, in: bookkeeping)
  }

  func apply(_ batch: SinkBatch) throws(SQLError) {
    try database.transaction(name) { () throws(SQLError) in
      for step in batch.steps {
        guard try database.save(step, in: bookkeeping) else {
          throw .overtaken(topic: step.topic, partition: step.partition)
        }
      }
      for (partition, time) in batch.finalThrough {
        try database.save(finalThrough: time, of: partition, in: bookkeeping)
      }
      try group.apply(batch, database)
    }
  }

  func startAgain() throws(SQLError) {
    try database.transaction(name) { () throws(SQLError) in try forget() }
  }

  func close() { database.close() }

  private func forget() throws(SQLError) {
    try database.empty(group.tables)
    for table in bookkeeping.tables { try database.run("DELETE FROM \(table.name)") }
    try database.run(bookkeeping.insertVersion(type(of: group).version, source: group.source))
  }
}
