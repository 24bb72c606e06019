import SQLite

extension SQLiteStatement {
  /// Binds all parameters, in order.
  func bind(_ values: [SQLValue]) throws(SQLiteError) {
    for (position, value) in values.enumerated() {
      let index = Int32(position + 1)
      switch value {
      case .null: bindNull(index)
      case .integer(let integer): bind(index, integer)
      case .wideInteger(let integer): try bind(index, String(integer))
      case .boolean(let flag): bind(index, flag ? Int64(1) : 0)
      case .text(let text), .json(let text): try bind(index, text)
      case .time(let time): try bind(index, SQLiteStore.text(time))
      case .date(let time): try bind(index, SQLValue.text(ofDay: time))
      }
    }
  }
}

extension SQLError {
  init(_ error: SQLiteError) {
    self = .failed(error.isAboutOpening ? error.description : error.reason)
  }

  /// Runs `body`; what SQLite refuses is what the database refused.
  static func of<Value>(_ body: () throws(SQLiteError) -> Value) throws(SQLError) -> Value {
    do throws(SQLiteError) { return try body() } catch { throw SQLError(error) }
  }
}
