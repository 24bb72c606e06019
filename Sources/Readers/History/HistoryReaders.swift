import Reporting
import SQLite
import Synchronization

/// Connections with which several threads read the history at once, each from one commit.
final class HistoryReaders: WindowArchive {
  private let path: String
  private let idle = Mutex<[HistoryConnection]>([])
  private let noted = Mutex<String?>(nil)

  init(_ path: String) { self.path = path }

  /// Why the history cannot be read, if that has been found.
  var damage: String? { noted.withLock { $0 } }

  func read<Result>(
    asOf commit: Int64, _ body: (any ArchiveReader) throws -> Result
  ) throws -> Result {
    do {
      let connection = try idle.withLock { $0.popLast() } ?? open()
      let result = try connection.database.reading {
        guard try connection.commit() == commit else { throw ArchiveFailure.changed }
        return try body(connection)
      }
      idle.withLock { $0.append(connection) }
      return result
    } catch let error as SQLiteError {
      if error.isBusy { throw ArchiveFailure.changed }
      throw note(error.description)
    } catch ArchiveFailure.unreadable(let reason) {
      throw note("\(path): \(reason)")
    }
  }

  private func note(_ reason: String) -> ArchiveFailure {
    noted.withLock { $0 = $0 ?? reason }
    return .unreadable(reason)
  }

  private func open() throws -> HistoryConnection {
    let database = try SQLiteDatabase(path, .existing)
    try database.execute("PRAGMA query_only = 1")
    return HistoryConnection(database)
  }
}

extension SQLiteDatabase {
  /// Runs `body` in a transaction that sees one state of the database.
  fileprivate func reading<Result>(_ body: () throws -> Result) throws -> Result {
    try execute("BEGIN")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      try? execute("ROLLBACK")
      throw error
    }
  }
}

extension SQLiteError {
  /// Whether another process has the database for itself.
  var isBusy: Bool { reason == "database is locked" }

  /// Whether the file does not hold what it should, so that trying again is in vain.
  var isAboutDamage: Bool {
    reason == "database disk image is malformed" || reason == "file is not a database"
      || reason.hasPrefix("no such table")
  }
}
