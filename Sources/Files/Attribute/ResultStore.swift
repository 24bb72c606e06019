// Safety: bytes are lent to SQLite, which copies them, and by it until the next step.

import Attribution
import Codec
internal import Glibc
import Kafka
import SQLite

/// The newest revision of every rollup and attribution: the two compacted topics, in a database beside
/// the output. Its file has no name any more once it is open, so that nothing of it stays behind.
final class ResultStore {
  private struct ViewKey {
    /// What the record keys of the view begin with, the first `|` included.
    let prefix: [UInt8]
    let dimensions: [Dimension]
  }

  private let database: SQLiteDatabase
  private let views: [ViewKey]
  private let dimensions: [Dimension]
  private let order: String
  private let upsertRollup: SQLiteStatement
  private let upsertAttribution: SQLiteStatement
  /// Every window that ends at or before it is final; nil before any is.
  private(set) var finalThrough: Milliseconds?

  /// - Parameter path: where the database may lie; a file of that name is replaced.
  init(_ path: String, _ definitions: Definitions) throws {
    unlink(path)
    database = try SQLiteDatabase(path, .scratch)
    views = definitions.views.map { view in
      var key: [UInt8] = []
      RollupKeyCodec.encode(
        RollupKey(view: view.name, dimensions: [], windowStart: 0), into: &key)
      return ViewKey(
        prefix: Array(key[...key.firstIndex(of: UInt8(ascii: "|"))!]), dimensions: view.dimensions)
    }
    // The primary keys are the order of the output: of the names, in the order of the columns.
    dimensions = definitions.allDimensions
    let names = dimensions.indices.map { "name\($0)" }
    order = "view, start, \(names.joined(separator: ", "))"
    let columns = names.map { "\($0) BLOB" }.joined(separator: ", ")
    try database.execute(
      """
      CREATE TABLE rollups (view INTEGER, start INTEGER, \(columns), key BLOB, value BLOB, \
      PRIMARY KEY (\(order))) WITHOUT ROWID;
      CREATE TABLE attributions (id BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;
      BEGIN
      """)
    unlink(path)
    upsertRollup = try database.prepare(
      """
      INSERT INTO rollups VALUES (\(Array(repeating: "?", count: 4 + names.count).joined(separator: ", "))) \
      ON CONFLICT DO UPDATE SET value = excluded.value
      """)
    upsertAttribution = try database.prepare(
      "INSERT INTO attributions VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value")
  }

  // MARK: Writing

  /// Takes a record of the rollups topic.
  func put(rollup key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws {
    if ProgressCodec.decodeKey(key) != nil {
      finalThrough = try ProgressCodec.decode(value)
      return
    }
    guard let number = views.firstIndex(where: { key.starts(with: $0.prefix) }) else {
      preconditionFailure("a rollup of a view that is not configured")
    }
    let dimensions = views[number].dimensions
    let rollup = try RollupKeyCodec.decode(key, dimensionCount: dimensions.count)
    upsertRollup.bind(1, Int64(number))
    upsertRollup.bind(2, rollup.windowStart)
    for (index, dimension) in self.dimensions.enumerated() {
      let name = dimensions.firstIndex(of: dimension).map { rollup.dimensions[$0] } ?? ""
      Array(name.utf8).withUnsafeBytes { upsertRollup.bind(Int32(3 + index), $0) }
    }
    upsertRollup.bind(Int32(3 + self.dimensions.count), key)
    upsertRollup.bind(Int32(4 + self.dimensions.count), value)
    _ = try upsertRollup.step()
  }

  /// Takes a record of the attributions topic.
  func put(attribution id: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws {
    upsertAttribution.bind(1, id)
    upsertAttribution.bind(2, value)
    _ = try upsertAttribution.step()
  }

  /// Bounds what SQLite holds of a transaction in memory.
  func commit() throws { try database.execute("COMMIT; BEGIN") }

  // MARK: Reading

  /// Lends keys and values of all rollups, by view (in the order of the configuration), window start,
  /// and names by their bytes.
  func forEachRollup(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try forEach(
      "SELECT key, value FROM rollups ORDER BY \(order)", body)
  }

  /// Lends keys and values of all attributions, by conversion id.
  func forEachAttribution(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try forEach("SELECT id, value FROM attributions ORDER BY id", body)
  }

  private func forEach(
    _ sql: String, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let statement = try database.prepare(sql)
    defer { statement.reset() }
    let empty = UnsafeRawBufferPointer(start: nil, count: 0)
    while try statement.step() {
      try body(statement.blob(0) ?? empty, statement.blob(1) ?? empty)
    }
  }
}
