import Attribution
import Codec
internal import Foundation
import SQLite

/// The records of the attributions topic, wherever they are read from.
package protocol AttributionRecords {
  /// Lends key and value of each record, those of a key in the order of the topic; a value of nil
  /// deletes what was there.
  func read(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws -> Void) throws
}

/// The attributions topic as a source of journeys.
///
/// The newest record of each conversion goes into a database of its own, which has the input's three
/// tables and no name once it is open. A touch is a session: its `event_id` is the session's id, a
/// click counts as engagement, an impression as `impression_interaction`. Touches have no cost there.
package enum AttributionsInput {
  package static func source(_ records: some AttributionRecords) throws -> JourneyDatabase {
    let path = NSTemporaryDirectory() + "tributary-journeys-\(UUID().uuidString).work"
    let database = try SQLiteDatabase(path, .scratch)
    try database.execute(
      """
      CREATE TABLE session_sources (session_id TEXT, user_id TEXT, event_date TEXT, \
      event_time TEXT, channel_name TEXT, holder_engagement INTEGER, closer_engagement INTEGER, \
      impression_interaction INTEGER);
      CREATE INDEX sessions_of_user ON session_sources (user_id);
      CREATE TABLE conversions (conv_id TEXT PRIMARY KEY, user_id TEXT, conv_date TEXT, \
      conv_time TEXT, revenue TEXT);
      """)
    unlink(path)
    try database.execute("BEGIN")
    try records.read { key, value in try put(key, value, into: database) }
    try database.execute("COMMIT")
    return try JourneyDatabase(database)
  }

  /// Each conversion has touches of its own, so it stands for a user of its own in the tables.
  private static func put(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?, into database: SQLiteDatabase
  ) throws {
    let id = String(decoding: key, as: UTF8.self)
    for table in ["session_sources", "conversions"] {
      try database.run("DELETE FROM \(table) WHERE user_id = ?") { row throws(SQLiteError) in
        try row.bind(1, id)
      }
    }
    guard let value else { return }
    let attribution = try AttributionCodec.decode(value)
    // One that was taken back has no journey.
    if attribution.isDeleted { return }
    let (date, clock) = parts(attribution.time)
    try database.run("INSERT INTO conversions VALUES (?, ?, ?, ?, ?)") {
      row throws(SQLiteError) in
      try row.bind(1, id)
      try row.bind(2, id)
      try row.bind(3, date)
      try row.bind(4, clock)
      try row.bind(5, Money.format(attribution.value))
    }
    for touch in attribution.touches {
      let (date, clock) = parts(touch.time)
      try database.run("INSERT INTO session_sources VALUES (?, ?, ?, ?, ?, ?, ?, ?)") {
        row throws(SQLiteError) in
        try row.bind(1, touch.eventID)
        try row.bind(2, id)
        try row.bind(3, date)
        try row.bind(4, clock)
        try row.bind(5, touch.channel)
        row.bind(6, touch.kind == .click ? Int64(1) : 0)
        row.bind(7, touch.kind == .click ? Int64(1) : 0)
        row.bind(8, touch.kind == .impression ? Int64(1) : 0)
      }
    }
  }

  private static func parts(_ time: Milliseconds) -> (date: String, clock: String) {
    let text = Time.formatMilliseconds(time)
    return (String(text.prefix(10)), String(text.dropFirst(11).dropLast()))
  }
}
