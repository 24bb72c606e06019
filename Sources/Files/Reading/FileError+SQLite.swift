import SQLite

extension FileError {
  init(_ error: SQLiteError) { self.init("\(error)") }

  /// As the other, for a file that is called otherwise than its path, since it is a copy.
  static func of<Value>(
    _ path: String, name: String, _ body: () throws(SQLiteError) -> Value
  ) throws(FileError) -> Value {
    do throws(FileError) { return try of(body) } catch {
      throw FileError(error.description.replacing(path, with: name))
    }
  }

  /// Runs `body`; what SQLite refuses is an error of the database's file.
  static func of<Value>(_ body: () throws(SQLiteError) -> Value) throws(FileError) -> Value {
    do throws(SQLiteError) { return try body() } catch { throw FileError(error) }
  }
}
