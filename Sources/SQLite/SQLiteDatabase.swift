// Safety: owns one `sqlite3` handle. `sqlite3_close_v2` keeps it alive until the last of its statements
// is finalized, so a statement may outlive the database. One thread uses a database and its statements.

internal import CSQLite

/// An open SQLite database.
///
///     let database = try SQLiteDatabase("shop.sqlite", .existing)
///     let names = try database.prepare("SELECT name FROM products WHERE price < ?")
///     names.bind(1, 100)
///     while try names.step() { print(names.string(0) ?? "") }
package final class SQLiteDatabase {
  /// What is done with the file, and how long a lock of another process is waited for.
  package enum Access: Sendable {
    /// Nothing is written, nor is anything made beside the file, so that it can lie on a medium that takes no
    /// writes. Rows that are still in its write-ahead log are read; 5 s.
    case asItLies
    /// Reads and writes a file that must exist; only reads if the file cannot be written. 10 s.
    case existing
    /// Reads and writes, and creates the file if there is none; 10 s.
    case readWrite
    /// Created for this process alone and not kept: neither journal nor flushing; 5 s.
    case scratch
  }

  package let path: String
  /// Whether reading keeps other processes from changing the file meanwhile.
  package let isLocked: Bool
  private var handle: OpaquePointer?
  private var statements: [String: SQLiteStatement] = [:]

  package init(_ path: String, _ access: Access) throws(SQLiteError) {
    self.path = path
    let flags =
      switch access {
      case .asItLies: SQLITE_OPEN_READONLY
      case .existing: SQLITE_OPEN_READWRITE
      case .readWrite, .scratch: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      }
    isLocked = !(access == .asItLies && WriteAheadLog.isUnused(path))
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(
      path, &opened, flags | SQLITE_OPEN_NOMUTEX, isLocked ? nil : WriteAheadLog.lockless)
    guard code == SQLITE_OK, let opened else {
      let reason = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(opened)
      throw SQLiteError(path: path, reason: reason, isAboutOpening: true)
    }
    handle = opened
    switch access {
    case .asItLies, .scratch: sqlite3_busy_timeout(opened, 5_000)
    case .existing, .readWrite: sqlite3_busy_timeout(opened, 10_000)
    }
    // The index of the log is in memory then, and not in a file beside it.
    if !isLocked { try execute("PRAGMA locking_mode = EXCLUSIVE") }
    if access == .scratch {
      try execute(
        """
        PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
        PRAGMA cache_size = -65536
        """)
    }
  }

  deinit { close() }

  /// Ends the use of the database; statements that are left keep its file open.
  package func close() {
    statements.removeAll()
    sqlite3_close_v2(handle)
    handle = nil
  }

  /// How many rows the last statement changed.
  package var changeCount: Int { Int(sqlite3_changes64(handle)) }

  /// Runs statements that return nothing.
  package func execute(_ sql: String) throws(SQLiteError) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure }
  }

  /// Compiles one statement.
  package func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
    var made: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &made, nil) == SQLITE_OK, let made else {
      throw failure
    }
    return SQLiteStatement(made, path: path)
  }

  /// Runs one statement, which is compiled at its first use and kept, and returns its rows of integers.
  ///
  /// - Parameter bind: binds the parameters.
  @discardableResult
  package func run(
    _ sql: String, _ bind: (SQLiteStatement) throws(SQLiteError) -> Void = { _ in }
  ) throws(SQLiteError) -> [[Int64]] {
    let statement: SQLiteStatement
    if let kept = statements[sql] {
      statement = kept
    } else {
      statement = try prepare(sql)
      statements[sql] = statement
    }
    defer { statement.reset() }
    try bind(statement)
    var rows: [[Int64]] = []
    while try statement.step() {
      rows.append((0..<statement.columnCount).map { statement.integer($0) })
    }
    return rows
  }

  /// Runs `body` in a transaction that is undone if it throws.
  package func transaction<Failure: Error>(
    failure: (SQLiteError) -> Failure, _ body: () throws(Failure) -> Void
  ) throws(Failure) {
    func run(_ sql: String) throws(Failure) {
      do throws(SQLiteError) { try execute(sql) } catch { throw failure(error) }
    }
    try run("BEGIN IMMEDIATE")
    do throws(Failure) {
      try body()
      try run("COMMIT")
    } catch {
      try? execute("ROLLBACK")
      throw error
    }
  }

  private var failure: SQLiteError {
    SQLiteError(
      path: path, reason: handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory")
  }
}
