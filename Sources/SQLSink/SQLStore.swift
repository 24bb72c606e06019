import Attribution

/// A database that holds the rollups and attributions, and how far the topics have been read.
///
/// One thread uses it.
public protocol SQLStore: AnyObject {
  /// Creates the tables, or brings those of an older version up to date.
  func migrate() throws(SQLError)
  /// The offset of the next record to read, by partition; none for a topic that was never read.
  func savedOffsets(of topic: String) throws(SQLError) -> [Int32: Int64]
  /// Makes all of the batch's changes in one transaction, or none.
  ///
  /// Throws `SQLError.overtaken` when another writer has moved a saved offset meanwhile.
  func apply(_ batch: SinkBatch) throws(SQLError)
  func close()
}

/// What went wrong with a database: one line for a person, without passwords.
public enum SQLError: Error, Equatable, CustomStringConvertible {
  /// The connection is gone; another one may work. Whether the last transaction was committed is not
  /// known: the saved offsets tell.
  case disconnected(String)
  /// Another process writes to the same tables.
  case overtaken(topic: String, partition: Int32)
  /// The tables are of a later version than this program knows.
  case laterVersion(Int64)
  case failed(String)

  public var description: String {
    switch self {
    case .disconnected(let reason): "the database does not answer: \(reason)"
    case .overtaken(let topic, let partition):
      "another sink writes to this database: it has taken \(topic) [\(partition)] further meanwhile"
    case .laterVersion(let version):
      "the database has tables of version \(version), which this program does not know"
    case .failed(let reason): "the database refused: \(reason)"
    }
  }
}

/// Which database, as `--to` names it.
public enum SQLTarget: Equatable, Sendable {
  case sqlite(path: String)
  /// A connection string of libpq; may hold a password.
  case postgres(String)

  /// `sqlite:FILE`, `postgres://…` or `postgresql://…`; nil for anything else.
  public init?(_ text: String) {
    if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
      self = .postgres(text)
    } else if text.hasPrefix("sqlite:"), text.utf8.count > "sqlite:".utf8.count {
      self = .sqlite(path: String(text.dropFirst("sqlite:".count)))
    } else {
      return nil
    }
  }

  /// Opens the database; SQLite makes the file if there is none.
  ///
  /// - Parameter definitions: whose views and models the rollups are of.
  public func open(_ definitions: Definitions) throws(SQLError) -> any SQLStore {
    switch self {
    case .sqlite(let path): try SQLiteStore(path: path, definitions)
    case .postgres(let address): try PostgresStore(address, definitions)
    }
  }
}
