// Safety: owns one `sqlite3_stmt`, which keeps its connection alive. What is bound is lent for one call,
// which copies it; what columns lend is valid until the next step.

internal import CSQLite

/// A prepared statement.
package final class SQLiteStatement {
  private let pointer: OpaquePointer
  private let path: String

  /// Makes SQLite copy what it is given.
  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  init(_ pointer: OpaquePointer, path: String) {
    self.pointer = pointer
    self.path = path
  }

  deinit { sqlite3_finalize(pointer) }

  // MARK: Parameters; the first is number 1

  package func bindNull(_ index: Int32) { sqlite3_bind_null(pointer, index) }
  package func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(pointer, index, value) }
  package func bind(_ index: Int32, _ value: Double) { sqlite3_bind_double(pointer, index, value) }

  /// Binds a blob.
  package func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
    // An empty blob has no address, which would bind null.
    guard let start = bytes.baseAddress else {
      sqlite3_bind_zeroblob(pointer, index, 0)
      return
    }
    sqlite3_bind_blob(pointer, index, start, Int32(bytes.count), Self.transient)
  }

  /// Binds text; throws if it is longer than SQLite allows.
  package func bind(_ index: Int32, _ text: String) throws(SQLiteError) {
    var text = text
    let code = text.withUTF8 { bytes in
      // An empty text has no address, which would bind null.
      guard let start = bytes.baseAddress else {
        return sqlite3_bind_text(pointer, index, "", 0, Self.transient)
      }
      return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
        sqlite3_bind_text(pointer, index, $0, Int32(bytes.count), Self.transient)
      }
    }
    guard code == SQLITE_OK else { throw failure }
  }

  // MARK: Rows

  /// Goes to the next row; false behind the last, where the statement is ready to run again.
  package func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE:
      sqlite3_reset(pointer)
      return false
    default:
      let failure = failure
      sqlite3_reset(pointer)
      throw failure
    }
  }

  /// Ends a statement before its last row.
  package func reset() { sqlite3_reset(pointer) }

  // MARK: The row

  package var columnCount: Int32 { sqlite3_column_count(pointer) }

  package var columnNames: [String] {
    (0..<columnCount).map { String(cString: sqlite3_column_name(pointer, $0)) }
  }

  package func isNull(_ column: Int32) -> Bool {
    sqlite3_column_type(pointer, column) == SQLITE_NULL
  }

  /// Whether the column holds a floating-point number.
  package func isReal(_ column: Int32) -> Bool {
    sqlite3_column_type(pointer, column) == SQLITE_FLOAT
  }

  package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }
  package func real(_ column: Int32) -> Double { sqlite3_column_double(pointer, column) }

  /// A column's bytes, lent until the next step; nil for null.
  package func blob(_ column: Int32) -> UnsafeRawBufferPointer? {
    guard !isNull(column) else { return nil }
    let start = sqlite3_column_blob(pointer, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column)))
  }

  /// A column as text in UTF-8, numbers in decimal, lent until the next step; nil for null.
  package func text(_ column: Int32) -> UnsafeRawBufferPointer? {
    guard let start = sqlite3_column_text(pointer, column) else { return nil }
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column)))
  }

  /// A column as text of its own; nil for null.
  package func string(_ column: Int32) -> String? {
    text(column).map { String(decoding: $0, as: UTF8.self) }
  }

  private var failure: SQLiteError {
    SQLiteError(path: path, reason: String(cString: sqlite3_errmsg(sqlite3_db_handle(pointer))))
  }
}
