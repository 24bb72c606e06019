// Safety: bytes are lent to SQLite, which copies them, and by it until the next step.

import Attribution
import Codec
internal import Glibc
import SQLite

/// The newest attribution of every conversion within a range of time: a part of the compacted topic, in a database
/// whose file has no name any more once it is open. Memory is bounded whatever the topic holds.
///
///     let store = try AttributionStore(in: "/data/export", range: from..<to)
///     // for every record of the topic, in the order of its partition:
///     try store.put(key, value)
///     try store.forEach(in: day) { value in … }
public final class AttributionStore {
  private let database: SQLiteDatabase
  private let range: Range<Milliseconds>
  private let upsert: SQLiteStatement
  private let delete: SQLiteStatement
  private var ids = KeyFilter()
  private var isIndexed = false
  private var uncommitted = 0

  /// - Parameters:
  ///   - folder: where the database takes room, about as much as the files that will be made of it; made where it is
  ///     missing.
  ///   - range: times of conversions; others are passed over.
  public init(in folder: String, range: Range<Milliseconds>) throws {
    try DayFile.makeFolder(folder)
    self.range = range
    let path = "\(folder)/.attributions.\(getpid()).work"
    unlink(path)
    (database, upsert, delete) = try FileError.of { () throws(SQLiteError) in
      let database = try SQLiteDatabase(path, .scratch)
      // Values in the order in which they came: only the short ids are put here and there.
      try database.execute(
        """
        CREATE TABLE attributions (number INTEGER PRIMARY KEY, id BLOB UNIQUE, time INTEGER, value BLOB);
        BEGIN
        """)
      return (
        database,
        try database.prepare(
          """
          INSERT INTO attributions (id, time, value) VALUES (?1, ?2, ?3) \
          ON CONFLICT (id) DO UPDATE SET time = excluded.time, value = excluded.value
          """),
        try database.prepare("DELETE FROM attributions WHERE id = ?1")
      )
    }
    unlink(path)
  }

  /// Takes a record of the topic, which takes the place of what was known of the conversion: it may have moved into
  /// the range or out of it.
  ///
  /// Throws `UnreadableRecord`, or `FileError` where there is no room.
  ///
  /// - Parameters:
  ///   - id: the record's key.
  ///   - value: JSON; nil for a tombstone.
  public func put(_ id: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws {
    guard let value, let time = try wanted(value) else { return try remove(id) }
    ids.insert(id)
    try FileError.of { () throws(SQLiteError) in
      upsert.bind(1, id)
      upsert.bind(2, time)
      upsert.bind(3, value)
      _ = try upsert.step()
      // Bounds what SQLite holds of a transaction in memory.
      uncommitted += 1
      if uncommitted % 100_000 == 0 { try database.execute("COMMIT; BEGIN") }
    }
  }

  /// The conversion's time, if it is in the range; only then everything is decoded, so that nothing unreadable is
  /// taken.
  private func wanted(_ value: UnsafeRawBufferPointer) throws -> Milliseconds? {
    let time = try AttributionCodec.time(of: value)
    guard range.contains(time) else { return nil }
    _ = try AttributionCodec.decode(value)
    return time
  }

  private func remove(_ id: UnsafeRawBufferPointer) throws(FileError) {
    guard ids.mayContain(id) else { return }
    try FileError.of { () throws(SQLiteError) in
      delete.bind(1, id)
      _ = try delete.step()
    }
  }

  /// Lends the values of a range's conversions, by their times and then by the bytes of their ids, as long as `body`
  /// wants more.
  func forEach(
    in range: Range<Milliseconds>, _ body: (UnsafeRawBufferPointer) throws -> Bool
  ) throws {
    let rows = try FileError.of { () throws(SQLiteError) in
      if !isIndexed {
        try database.execute("COMMIT; CREATE INDEX by_time ON attributions (time, id)")
      }
      return try database.prepare(
        "SELECT value FROM attributions WHERE time >= ?1 AND time < ?2 ORDER BY time, id")
    }
    isIndexed = true
    defer { rows.reset() }
    rows.bind(1, range.lowerBound)
    rows.bind(2, range.upperBound)
    while try FileError.of({ () throws(SQLiteError) in try rows.step() }) {
      guard let value = rows.blob(0), try body(value) else { return }
    }
  }
}
