// Safety: reads bytes that are lent for one call, and copies them.

import Attribution
import Codec
import Reporting
import SQLite

extension HistoryStore {
  /// Writes what the board has beyond the store, in one transaction.
  ///
  /// - Parameters:
  ///   - end: windows before it get sums by hour and day; a start of a day.
  ///   - positions: behind the last records that the board has taken.
  func commit(
    _ board: RollupBoard, before end: Milliseconds, _ positions: [Int32: HistoryPosition]
  ) throws {
    let state = board.state(archivedBefore: end)
    try database.transaction(failure: Self.failure) {
      try board.forEachArchiveChange(before: end, connection) { try write($0) }
      for view in 0..<board.viewCount { try writeMembers(of: view, board) }
      try write(state)
      for (partition, position) in positions {
        try database.run("INSERT OR REPLACE INTO partitions VALUES (?, ?, ?, ?)") {
          (statement) throws(SQLiteError) in
          statement.bind(1, Int64(partition))
          statement.bind(2, position.offset)
          if let epoch = position.epoch {
            try statement.bind(3, epoch)
          } else {
            statement.bindNull(3)
          }
          if let time = state.finalThrough[partition] {
            statement.bind(4, time)
          } else {
            statement.bindNull(4)
          }
        }
      }
    }
    memberCounts = state.memberCounts
  }

  private func write(_ change: ArchiveChange) throws {
    switch change {
    case .put(let window, let bytes):
      try database.run("INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?)") { statement in
        statement.bind(1, window.id.number)
        statement.bind(2, Int64(window.count))
        statement.bind(3, Int64(window.corrections))
        bytes.withUnsafeBytes { statement.bind(4, $0) }
      }
    case .delete(let id):
      try database.run("DELETE FROM windows WHERE id = ?") { $0.bind(1, id.number) }
    }
  }

  private func writeMembers(of view: Int, _ board: RollupBoard) throws {
    let first = memberCounts.indices.contains(view) ? memberCounts[view] : 0
    for (offset, names) in board.members(ofView: view, from: first).enumerated() {
      try database.run("INSERT INTO members VALUES (?, ?, ?)") { statement in
        statement.bind(1, Int64(view))
        statement.bind(2, Int64(first + offset))
        Self.bytes(names).withUnsafeBytes { statement.bind(3, $0) }
      }
    }
  }

  private func write(_ state: ArchiveState) throws {
    try database.run(
      """
      UPDATE state SET commit_number = ?, archived_before = ?, watermark = ?, revisions = ?, rollups = ?, lost = ?
      """
    ) { statement in
      statement.bind(1, state.commit)
      statement.bind(2, state.archivedBefore)
      if let time = state.watermark { statement.bind(3, time) } else { statement.bindNull(3) }
      statement.bind(4, Int64(state.revisionCount))
      statement.bind(5, Int64(state.count))
      var lost: [UInt8] = []
      ProgressCodec.encode(
        PublishedProgress(finalThrough: 0, lost: Array(state.lost)), into: &lost)
      lost.withUnsafeBytes { statement.bind(6, $0) }
    }
    for view in state.memberCounts.indices {
      try database.run("INSERT OR REPLACE INTO views VALUES (?, ?, ?)") { statement in
        statement.bind(1, Int64(view))
        statement.bind(2, Int64(state.memberCounts[view]))
        statement.bind(3, Int64(state.correctionCounts[view]))
      }
    }
  }

  // MARK: Names

  private static func bytes(_ names: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for name in names {
      bytes.append(varint: UInt64(name.utf8.count))
      bytes.append(contentsOf: name.utf8)
    }
    return bytes
  }

  static func names(_ bytes: UnsafeRawBufferPointer) -> [String]? {
    var reader = ByteReader(bytes)
    var names: [String] = []
    while !reader.isAtEnd, !reader.isCut {
      guard let count = Int(exactly: reader.varint()) else { return nil }
      names.append(String(decoding: reader.bytes(count), as: UTF8.self))
    }
    return reader.isCut ? nil : names
  }
}
