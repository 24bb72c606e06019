// Safety: owns one `sqlite3` handle and its prepared statements until `close`, and is used by one
// thread. Text is lent to SQLite for one call, which copies it.

internal import CSQLite

/// An open SQLite database.
final class SQLiteConnection {
  private var handle: OpaquePointer?
  private var statements: [String: OpaquePointer] = [:]

  /// Tells SQLite to copy what it is given.
  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  init(path: String) throws(SQLError) {
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    guard sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK else {
      let reason = message
      close()
      throw .failed("\(path): \(reason)")
    }
    sqlite3_busy_timeout(handle, 10_000)
  }

  deinit { close() }

  func close() {
    for statement in statements.values { sqlite3_finalize(statement) }
    statements.removeAll()
    sqlite3_close_v2(handle)
    handle = nil
  }

  /// How many rows the last statement changed.
  var changeCount: Int { Int(sqlite3_changes64(handle)) }

  /// Runs statements that give nothing back.
  func execute(_ sql: String) throws(SQLError) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw .failed(message) }
  }

  /// Runs one statement, prepared at its first use, and gives back its rows of integers.
  @discardableResult
  func run(_ sql: String, _ values: [SQLValue] = []) throws(SQLError) -> [[Int64]] {
    let statement = try prepared(sql)
    defer { sqlite3_reset(statement) }
    for (index, value) in values.enumerated() {
      guard bind(value, to: statement, at: Int32(index + 1)) == SQLITE_OK else {
        throw .failed(message)
      }
    }
    var rows: [[Int64]] = []
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_DONE: return rows
      case SQLITE_ROW:
        rows.append(
          (0..<sqlite3_column_count(statement)).map { sqlite3_column_int64(statement, $0) })
      default: throw .failed(message)
      }
    }
  }

  private func bind(_ value: SQLValue, to statement: OpaquePointer, at index: Int32) -> Int32 {
    switch value {
    case .null: return sqlite3_bind_null(statement, index)
    case .integer(let integer): return sqlite3_bind_int64(statement, index, integer)
    case .wideInteger(let integer): return bind(String(integer), to: statement, at: index)
    case .boolean(let flag): return sqlite3_bind_int64(statement, index, flag ? 1 : 0)
    case .text(let text), .json(let text): return bind(text, to: statement, at: index)
    case .time(let time): return bind(SQLiteStore.text(time), to: statement, at: index)
    }
  }

  private func bind(_ text: String, to statement: OpaquePointer, at index: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      // An empty text has no address, which would bind null.
      guard let start = bytes.baseAddress else {
        return sqlite3_bind_text(statement, index, "", 0, Self.transient)
      }
      return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
        sqlite3_bind_text(statement, index, $0, Int32(bytes.count), Self.transient)
      }
    }
  }

  private func prepared(_ sql: String) throws(SQLError) -> OpaquePointer {
    if let statement = statements[sql] { return statement }
    var made: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &made, nil) == SQLITE_OK, let made else {
      throw .failed(message)
    }
    statements[sql] = made
    return made
  }

  private var message: String {
    handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
  }
}
