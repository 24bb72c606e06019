import SQLite

extension SQLiteDatabase {
  /// The rows of a query as text; null reads as "".
  func texts(
    _ sql: String, columnCount: Int,
    _ bind: (SQLiteStatement) throws(SQLiteError) -> Void = { _ in }
  ) throws(SQLiteError) -> [[String]] {
    let statement = try prepare(sql)
    try bind(statement)
    var rows: [[String]] = []
    while try statement.step() {
      rows.append((0..<Int32(columnCount)).map { statement.string($0) ?? "" })
    }
    return rows
  }

  /// How far a topic is in the tables.
  func positions(
    of topic: String, in bookkeeping: Bookkeeping
  ) throws(SQLError) -> [Int32: SavedPosition] {
    let rows = try SQLError.of { () throws(SQLiteError) in
      try texts(
        "SELECT partition, next_offset, epoch FROM \(bookkeeping.offsets) WHERE topic = ?",
        columnCount: 3
      ) { statement throws(SQLiteError) in try statement.bind(1, topic) }
    }
    return Dictionary(
      uniqueKeysWithValues: rows.map { row in
        (
          Int32(row[0])!,
          SavedPosition(offset: Int64(row[1])!, epoch: row[2].isEmpty ? nil : row[2])
        )
      })
  }

  /// Moves a saved position from where the step begins; false where it is elsewhere, or is there no more.
  /// -1 stands for one that was never saved.
  func save(_ step: SinkBatch.Step, in bookkeeping: Bookkeeping) throws(SQLError) -> Bool {
    try SQLError.of { () throws(SQLiteError) in
      try run(
        """
        INSERT INTO \(bookkeeping.offsets) (topic, partition, next_offset, epoch) \
        SELECT ?1, ?2, ?3, ?5 WHERE ?4 < 0 \
        OR EXISTS (SELECT 1 FROM \(bookkeeping.offsets) WHERE topic = ?1 AND partition = ?2) \
        ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, \
        epoch = coalesce(excluded.epoch, epoch) WHERE next_offset = ?4
        """
      ) { statement throws(SQLiteError) in
        try statement.bind([
          .text(step.topic), .integer(Int64(step.partition)), .integer(step.through),
          .integer(step.from ?? -1), step.epoch.map { .text($0) } ?? .null,
        ])
      }
      return changeCount == 1
    }
  }
}
