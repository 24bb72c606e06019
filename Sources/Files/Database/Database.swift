// Safety: owns one `sqlite3` handle, which its statements keep alive. One thread uses a database and
// its statements.

internal import CSQLite

/// An open SQLite database: one to read records from, or one to work with.
final class Database {
  enum Access {
    /// Another's: nothing is written.
    case readOnly
    /// Made anew, for this process alone, and not kept: neither journal nor flushing.
    case scratch
  }

  let path: String
  fileprivate let handle: OpaquePointer

  init(_ path: String, _ access: Access) throws(FileError) {
    self.path = path
    let flags =
      switch access {
      case .readOnly: SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX
      case .scratch: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
      }
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(path, &opened, flags, nil)
    guard code == SQLITE_OK, let opened else {
      let reason = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(opened)
      throw FileError("\(path): \(reason)")
    }
    handle = opened
    sqlite3_busy_timeout(handle, 5_000)
    if access == .scratch {
      try execute(
        """
        PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
        PRAGMA cache_size = -65536
        """)
    }
  }

  deinit { sqlite3_close_v2(handle) }

  /// Runs statements that give nothing back.
  func execute(_ sql: String) throws(FileError) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure }
  }

  func prepare(_ sql: String) throws(FileError) -> Statement { try Statement(self, sql) }

  fileprivate var failure: FileError {
    FileError("\(path): \(String(cString: sqlite3_errmsg(handle)))")
  }
}

/// A prepared statement.
final class Statement {
  private let database: Database
  private let pointer: OpaquePointer

  /// Tells SQLite to copy what it is given.
  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  fileprivate init(_ database: Database, _ sql: String) throws(FileError) {
    self.database = database
    var made: OpaquePointer?
    guard sqlite3_prepare_v2(database.handle, sql, -1, &made, nil) == SQLITE_OK, let made else {
      throw database.failure
    }
    pointer = made
  }

  deinit { sqlite3_finalize(pointer) }

  /// Binds a parameter; the first is number 1.
  func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(pointer, index, value) }

  func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
    // An empty blob has no address, which would bind null.
    guard let start = bytes.baseAddress else {
      sqlite3_bind_zeroblob(pointer, index, 0)
      return
    }
    sqlite3_bind_blob(pointer, index, start, Int32(bytes.count), Self.transient)
  }

  /// Goes to the next row; false behind the last, where the statement is ready to run again.
  func step() throws(FileError) -> Bool {
    switch sqlite3_step(pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE:
      sqlite3_reset(pointer)
      return false
    default:
      let failure = database.failure
      sqlite3_reset(pointer)
      throw failure
    }
  }

  /// Ends a statement before its last row.
  func reset() { sqlite3_reset(pointer) }

  // MARK: The row

  var columnNames: [String] {
    (0..<sqlite3_column_count(pointer)).map { String(cString: sqlite3_column_name(pointer, $0)) }
  }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }

  /// A column's bytes, lent until the next step; nil for null.
  func blob(_ column: Int32) -> UnsafeRawBufferPointer? {
    guard sqlite3_column_type(pointer, column) != SQLITE_NULL else { return nil }
    let start = sqlite3_column_blob(pointer, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column)))
  }

  /// A column as text in UTF-8, numbers in decimal, lent until the next step; nil for null.
  func text(_ column: Int32) -> UnsafeRawBufferPointer? {
    guard let start = sqlite3_column_text(pointer, column) else { return nil }
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column)))
  }
}
