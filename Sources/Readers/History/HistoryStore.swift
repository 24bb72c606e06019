// Safety: reads columns that SQLite lends until the next step, and copies them.

import Attribution
import Codec
import Foundation
import Reporting
import SQLite

/// What a history was filled from, by partition of the topic.
struct HistoryPosition: Equatable, Sendable {
  /// The offset of the next record to read.
  var offset: Int64
  /// What the partition's progress records call its content; nil before there was any.
  var epoch: String?
}

/// All rollups of a topic in an SQLite database, for one process at a time: rows of a window as one blob, sums of them by
/// hour and day, and the offsets behind the records that they were made of, all changed in one transaction.
///
/// One thread uses a store; `readers` is for all.
final class HistoryStore {
  let path: String
  let readers: HistoryReaders
  private let identity: String
  let connection: HistoryConnection
  /// By view, how many names the database has.
  var memberCounts: [Int] = []
  private let lock: HistoryLock

  var database: SQLiteDatabase { connection.database }

  /// "TRBH" in ASCII: marks the file as one of ours.
  private static let applicationID: Int64 = 0x5452_4248
  private static let version: Int64 = 1

  /// Opens the store, or makes it.
  ///
  /// Throws `HistoryLock.Taken` when another process uses it, `SQLiteError` when the file is no store of ours or is
  /// damaged, and `HistoryMismatch` when it holds something else.
  ///
  /// - Parameter identity: names what it is the history of.
  init(_ path: String, identity: String, lock: HistoryLock) throws {
    self.path = path
    self.identity = identity
    self.lock = lock
    let isNew = !FileManager.default.fileExists(atPath: path)
    let database = try SQLiteDatabase(path, .readWrite)
    connection = HistoryConnection(database)
    readers = HistoryReaders(path)
    if isNew { try database.execute("PRAGMA page_size = 8192") }
    try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    if isNew {
      try create()
    } else {
      guard try database.run("PRAGMA application_id") == [[Self.applicationID]] else {
        throw HistoryMismatch("is no history of ours")
      }
      guard try database.run("PRAGMA user_version") == [[Self.version]] else {
        throw HistoryMismatch("is of another version of this program")
      }
      let found = try database.prepare("SELECT identity FROM state")
      guard try found.step() else { throw HistoryMismatch("is incomplete") }
      guard found.string(0) == identity else {
        throw HistoryMismatch("is of another topic, or of other views or models")
      }
      found.reset()
    }
  }

  /// Deletes a store's files.
  static func remove(_ path: String) throws {
    for name in [path, path + "-wal", path + "-shm"]
    where FileManager.default.fileExists(atPath: name) {
      try FileManager.default.removeItem(atPath: name)
    }
  }

  func close() { database.close() }

  /// The size of the files.
  var byteCount: Int {
    [path, path + "-wal"].reduce(0) { sum, name in
      let size = try? FileManager.default.attributesOfItem(atPath: name)[.size] as? Int
      return sum + (size ?? 0)
    }
  }

  /// For tests: how large the file may become, in pages.
  func limit(pages: Int) throws { try database.execute("PRAGMA max_page_count = \(pages)") }

  private func create() throws {
    try database.transaction(failure: Self.failure) {
      try database.execute(
        """
        PRAGMA application_id = \(Self.applicationID); PRAGMA user_version = \(Self.version);
        CREATE TABLE state (
          identity TEXT NOT NULL, commit_number INTEGER NOT NULL, archived_before INTEGER NOT NULL,
          watermark INTEGER, revisions INTEGER NOT NULL, rollups INTEGER NOT NULL, lost BLOB NOT NULL);
        CREATE TABLE partitions (
          partition INTEGER PRIMARY KEY, position INTEGER NOT NULL, epoch TEXT, final_through INTEGER);
        CREATE TABLE views (
          view INTEGER PRIMARY KEY, members INTEGER NOT NULL, corrections INTEGER NOT NULL);
        CREATE TABLE members (
          view INTEGER NOT NULL, member INTEGER NOT NULL, names BLOB NOT NULL,
          PRIMARY KEY (view, member)) WITHOUT ROWID;
        CREATE TABLE windows (
          id INTEGER PRIMARY KEY, rollups INTEGER NOT NULL, corrections INTEGER NOT NULL,
          data BLOB NOT NULL);
        CREATE INDEX window_sizes ON windows (id, rollups, corrections);
        """)
      try database.run("INSERT INTO state VALUES (?, ?, \(Int64.min), NULL, 0, 0, x'')") {
        (statement) throws(SQLiteError) in
        try statement.bind(1, identity)
        // Commits of one store are not those of another that was here before.
        statement.bind(2, Int64.random(in: 1..<1 << 60))
      }
    }
  }

  // MARK: Reading

  /// Reads as of the last commit, on the thread that writes.
  func read<Result>(_ body: (any ArchiveReader) throws -> Result) throws -> Result {
    do { return try body(connection) } catch let error as SQLiteError {
      throw ArchiveFailure.unreadable(error.description)
    }
  }

  /// Where reading goes on, by partition.
  func positions() throws -> [Int32: HistoryPosition] {
    var positions: [Int32: HistoryPosition] = [:]
    let rows = try database.prepare("SELECT partition, position, epoch FROM partitions")
    while try rows.step() {
      positions[Int32(truncatingIfNeeded: rows.integer(0))] = HistoryPosition(
        offset: rows.integer(1), epoch: rows.string(2))
    }
    return positions
  }

  /// Fills an empty board with everything but the rows of windows. Throws `HistoryMismatch` where something is missing.
  func restore(_ board: inout RollupBoard) throws {
    let state = try state(viewCount: board.viewCount)
    board.keep(in: readers, from: state)
    let members = try database.prepare(
      "SELECT member, names FROM members WHERE view = ? ORDER BY member")
    let windows = try database.prepare(
      """
      SELECT id, rollups, corrections FROM windows INDEXED BY window_sizes WHERE id >= ? AND id < ? ORDER BY id
      """)
    var count = 0
    for view in 0..<board.viewCount {
      members.bind(1, Int64(view))
      var next = 0
      while try members.step() {
        guard members.integer(0) == Int64(next), let bytes = members.blob(1),
          let names = Self.names(bytes)
        else { throw HistoryMismatch("lacks names") }
        board.restore(member: names, ofView: view)
        next += 1
      }
      guard next == state.memberCounts[view] else { throw HistoryMismatch("lacks names") }
      windows.bind(1, Int64(view) << 42)
      windows.bind(2, Int64(view) << 42 | WindowLevel.hour.rawValue << 40)
      var found: [ArchivedWindow] = []
      while try windows.step() {
        guard let id = ArchivedRowsID(number: windows.integer(0)) else {
          throw HistoryMismatch("lists windows that are none")
        }
        found.append(
          ArchivedWindow(
            id: id, count: Int(windows.integer(1)), corrections: Int(windows.integer(2))))
        count += found[found.count - 1].count
      }
      board.restore(found, ofView: view)
    }
    guard count == state.count else { throw HistoryMismatch("lacks windows") }
    memberCounts = state.memberCounts
  }

  /// As the other, and holds the windows that are not older than `since` behind the watermark.
  func restore(_ board: inout RollupBoard, since: Milliseconds) throws {
    try restore(&board)
    guard let watermark = board.watermark else { return }
    let start = WindowLevel.day.start(of: watermark - since)
    try read { try board.hold(from: start, $0) }
  }

  private func state(viewCount: Int) throws -> ArchiveState {
    var state = ArchiveState(viewCount: viewCount)
    let row = try database.prepare(
      "SELECT commit_number, archived_before, watermark, revisions, rollups, lost FROM state")
    guard try row.step() else { throw HistoryMismatch("is incomplete") }
    state.commit = row.integer(0)
    state.archivedBefore = row.integer(1)
    state.watermark = row.isNull(2) ? nil : row.integer(2)
    state.revisionCount = Int(row.integer(3))
    state.count = Int(row.integer(4))
    if let bytes = row.blob(5), bytes.count > 0 {
      state.lost = Set(try ProgressCodec.progress(bytes).lost)
    }
    for row in try database.run(
      "SELECT partition, final_through FROM partitions WHERE final_through IS NOT NULL")
    {
      state.finalThrough[Int32(truncatingIfNeeded: row[0])] = row[1]
    }
    for row in try database.run("SELECT view, members, corrections FROM views") {
      guard let view = Int(exactly: row[0]), state.memberCounts.indices.contains(view) else {
        throw HistoryMismatch("has views that are unknown")
      }
      state.memberCounts[view] = Int(row[1])
      state.correctionCounts[view] = Int(row[2])
    }
    row.reset()
    return state
  }

  static func failure(_ error: SQLiteError) -> any Error { error }
}

/// A file that is no history, or one of something else; what it is.
struct HistoryMismatch: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
