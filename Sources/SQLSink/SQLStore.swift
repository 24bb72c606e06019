import Attribution

/// A database that holds the rollups and attributions, and how far the topics have been read.
///
/// One thread uses it.
public protocol SQLStore: AnyObject {
  /// Creates the tables, or brings those of an older version up to date.
  func migrate() throws(SQLError)
  /// How far a topic is in the tables, by partition; nothing for a topic that was never read.
  func savedPositions(of topic: String) throws(SQLError) -> [Int32: SavedPosition]
  /// Makes all of the batch's changes in one transaction, or none.
  ///
  /// Throws `SQLError.overtaken` when another writer has moved a saved offset meanwhile.
  func apply(_ batch: SinkBatch) throws(SQLError)
  /// Empties the tables and forgets how far the topics were read, in one transaction.
  func startAgain() throws(SQLError)
  func close()
}

extension SQLStore {
  /// The offset of the next record to read, by partition.
  public func savedOffsets(of topic: String) throws(SQLError) -> [Int32: Int64] {
    try savedPositions(of: topic).mapValues(\.offset)
  }
}

/// How far a partition is in the tables.
public struct SavedPosition: Equatable, Sendable {
  /// The offset of the next record to read.
  public var offset: Int64
  /// What the partition's content was named by; nil where nothing is known of that.
  public var epoch: String?

  public init(offset: Int64, epoch: String? = nil) {
    self.offset = offset
    self.epoch = epoch
  }
}

/// What went wrong with a database: one line for a person, without passwords.
public enum SQLError: Error, Equatable, CustomStringConvertible {
  /// What `--to` says names no database.
  case unusableAddress(String)
  /// The connection is gone; another one may work. Whether the last transaction was committed is not
  /// known: the saved offsets tell.
  case disconnected(String)
  /// The transaction was not committed, but may be later, over another connection: a deadlock, a time-out, a full disk,
  /// a server that has become a replica.
  case transient(String)
  /// Another process writes to the same tables.
  case overtaken(topic: String, partition: Int32)
  /// The tables are of a later version than this program knows.
  case laterVersion(Int64)
  case failed(String)

  /// Whether trying again over another connection may help.
  public var isTransient: Bool {
    switch self {
    case .disconnected, .transient: true
    case .unusableAddress, .overtaken, .laterVersion, .failed: false
    }
  }

  public var description: String {
    switch self {
    case .unusableAddress(let reason): "the address of the database \(reason)"
    case .disconnected(let reason): "the database does not answer: \(reason)"
    case .transient(let reason): "the database cannot do it now: \(reason)"
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
  /// - Parameters:
  ///   - definitions: whose views, models and fields the tables have.
  ///   - tables: which tables.
  ///   - interruption: when it is raised, statements end within seconds.
  public func open(
    _ definitions: Definitions, _ tables: TableSet = .rollups,
    interruption: SQLInterruption = SQLInterruption()
  ) throws(SQLError) -> any SQLStore {
    switch (self, tables) {
    case (.sqlite(let path), .rollups): return try SQLiteStore(path: path, definitions)
    case (.postgres(let address), .rollups):
      return try PostgresStore(address, definitions, interruption)
    case (.sqlite(let path), _):
      return TableStore(try SQLiteTables(path: path), tables.group(definitions)!)
    case (.postgres(let address), _):
      return TableStore(
        try PostgresTables(address, interruption), tables.group(definitions)!)
    }
  }

  /// The statements by which a set of tables is made, each on a line of its own; nil for the set of rollups, which
  /// is made step by step from those of former versions.
  public func creation(of tables: TableSet, _ definitions: Definitions) -> String? {
    guard let group = tables.group(definitions) else { return nil }
    let statements =
      switch self {
      case .sqlite: group.creation(SQLiteTables.dialect)
      case .postgres: group.creation(PostgresTables.dialect)
      }
    return statements.map { $0 + ";\n" }.joined()
  }
}
