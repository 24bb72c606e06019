import SQLite

extension FileError {
  init(_ error: SQLiteError) { self.init("\(error)") }

  /// Runs `body`; what SQLite refuses is an error of the database's file.
  static func of<Value>(_ body: () throws(SQLiteError) -> Value) throws(FileError) -> Value {
    do throws(SQLiteError) { return try body() } catch { throw FileError(error) }
  }
}
