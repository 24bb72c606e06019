// Safety: `@unchecked Sendable` because one thread at a time uses a connection: whoever was lent it by `HistoryReaders`,
// or the thread that writes.

import Attribution
import Reporting
import SQLite

/// A connection to the history's database.
final class HistoryConnection: ArchiveReader, @unchecked Sendable {
  let database: SQLiteDatabase
  private var select: SQLiteStatement?

  init(_ database: SQLiteDatabase) { self.database = database }

  /// The last commit that this connection sees.
  func commit() throws -> Int64? {
    try database.run("SELECT commit_number FROM state").first?.first
  }

  func withBytes<Result>(
    of rows: ArchivedRowsID, _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) throws -> Result {
    let select =
      try select ?? database.prepare("SELECT data FROM windows WHERE id = ?")
    self.select = select
    defer { select.reset() }
    select.bind(1, rows.number)
    guard try select.step() else { return try body(nil) }
    return try body(select.blob(0))
  }
}
