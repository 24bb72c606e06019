extension PostgresConnection {
  /// Runs `body` in a transaction that is undone if it throws.
  func transaction(_ body: () throws(SQLError) -> Void) throws(SQLError) {
    try run("BEGIN")
    do throws(SQLError) {
      try body()
      try run("COMMIT")
    } catch {
      _ = try? run("ROLLBACK")
      throw error
    }
  }

  /// How far a topic is in the tables.
  func positions(
    of topic: String, in bookkeeping: Bookkeeping
  ) throws(SQLError) -> [Int32: SavedPosition] {
    let rows = try run(
      "SELECT partition, next_offset, epoch FROM \(bookkeeping.offsets) WHERE topic = $1", [topic])
    return Dictionary(
      uniqueKeysWithValues: rows.map { row in
        (
          Int32(row[0])!,
          SavedPosition(offset: Int64(row[1])!, epoch: row[2].isEmpty ? nil : row[2])
        )
      })
  }

  /// Moves a saved position from where the step begins; false where it is elsewhere, or is there no more.
  func save(_ step: SinkBatch.Step, in bookkeeping: Bookkeeping) throws(SQLError) -> Bool {
    let moved = try run(
      """
      INSERT INTO \(bookkeeping.offsets) AS saved (topic, partition, next_offset, epoch) \
      SELECT $1, $2::integer, $3::bigint, nullif($5, '') WHERE $4::bigint < 0 \
      OR EXISTS (SELECT FROM \(bookkeeping.offsets) WHERE topic = $1 AND partition = $2::integer) \
      ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, \
      epoch = coalesce(excluded.epoch, saved.epoch) \
      WHERE saved.next_offset = $4::bigint RETURNING 1
      """,
      [
        step.topic, "\(step.partition)", "\(step.through)", "\(step.from ?? -1)", step.epoch ?? "",
      ])
    return !moved.isEmpty
  }
}
