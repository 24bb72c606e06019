import Attribution
import Codec
import SQLite

/// Sessions, conversions and costs in a SQLite file.
///
/// Conversions and sessions are read side by side in the order of their users, so memory holds the
/// sessions of one user, and no index is needed.
package final class JourneyDatabase: JourneySource {
  static let sessionColumns = [
    "session_id", "user_id", "event_date", "event_time", "channel_name", "holder_engagement",
    "closer_engagement", "impression_interaction",
  ]
  static let conversionColumns = ["conv_id", "user_id", "conv_date", "conv_time", "revenue"]
  static let costColumns = ["session_id", "cost"]

  package let database: SQLiteDatabase
  private let hasCosts: Bool

  /// Checks that the tables and columns are there.
  package init(_ database: SQLiteDatabase) throws {
    self.database = database
    let tables = try Self.tables(database)
    for (table, columns) in [
      ("session_sources", Self.sessionColumns), ("conversions", Self.conversionColumns),
    ] {
      guard tables.contains(table) else {
        throw JourneyError(
          "\(database.path): there is no table \(table); journeys are made of session_sources "
            + "(\(Self.sessionColumns.joined(separator: ", "))) and conversions "
            + "(\(Self.conversionColumns.joined(separator: ", ")))")
      }
      try Self.check(columns, of: table, database)
    }
    hasCosts = tables.contains("session_costs")
    if hasCosts { try Self.check(Self.costColumns, of: "session_costs", database) }
    try checkConversionsAreDistinct()
  }

  private static func tables(_ database: SQLiteDatabase) throws(SQLiteError) -> Set<String> {
    let statement = try database.prepare(
      "SELECT lower(name) FROM sqlite_master WHERE type IN ('table', 'view')")
    var names: Set<String> = []
    while try statement.step() { names.insert(statement.string(0) ?? "") }
    return names
  }

  private static func check(
    _ columns: [String], of table: String, _ database: SQLiteDatabase
  ) throws {
    let present = Set(
      try database.prepare("SELECT * FROM \(table)").columnNames.map { $0.lowercased() })
    let missing = columns.filter { !present.contains($0) }
    guard missing.isEmpty else {
      throw JourneyError(
        "\(database.path): table \(table) has no column \(missing.joined(separator: ", "))")
    }
  }

  private func checkConversionsAreDistinct() throws {
    let statement = try database.prepare(
      "SELECT CAST(conv_id AS TEXT) FROM conversions GROUP BY 1 HAVING count(*) > 1 LIMIT 1")
    defer { statement.reset() }
    if try statement.step() {
      throw JourneyError(
        "\(database.path): table conversions has "
          + (statement.string(0).map { "conv_id \(ForeignText.quoted($0)) more than once" }
            ?? "rows without conv_id"))
    }
  }

  // MARK: JourneySource

  package func estimatedCount(_ selection: JourneySelection) throws -> Int {
    let statement = try database.prepare(
      "SELECT count(*) FROM conversions WHERE conv_date >= ?1 AND conv_date <= ?2")
    try statement.bind(1, selection.from?.description ?? "")
    try statement.bind(2, selection.through?.description ?? "~")
    defer { statement.reset() }
    return try statement.step() ? Int(statement.integer(0)) : 0
  }

  package func forEachJourney(
    _ selection: JourneySelection, _ body: (Journey) throws -> Void
  ) throws {
    let conversions = try database.prepare(
      """
      SELECT CAST(user_id AS TEXT), CAST(conv_id AS TEXT), conv_date, conv_time, revenue \
      FROM conversions ORDER BY 1, conv_date, conv_time, 2
      """)
    defer { conversions.reset() }
    var sessions = try SessionReader(database, hasCosts: hasCosts)
    var user: String?
    var known: [Session] = []
    while try conversions.step() {
      guard let id = conversions.string(1) else {
        throw JourneyError("\(database.path): table conversions has a row without conv_id")
      }
      let row = { "\(self.database.path): conversion \(ForeignText.quoted(id))" }
      let time = try InputValue.time(
        conversions.string(2), conversions.string(3), columns: ("conv_date", "conv_time"), row: row)
      let day = JourneyDay(of: time)
      guard selection.contains(day) else { continue }
      guard let owner = conversions.string(0) else { throw JourneyError("\(row()) has no user_id") }
      if owner != user {
        user = owner
        known = try sessions.sessions(of: owner)
      }
      let revenue = try InputValue.money(conversions, 4, "revenue", row: row)
      let earliest = selection.lookbackDays.map { time - Int64($0) * JourneyDay.milliseconds }
      let eligible = known.prefix { $0.time <= time }.drop { session in
        earliest.map { session.time < $0 } ?? false
      }
      try body(
        Journey(
          conversionID: id, userID: owner, time: time, revenue: revenue, sessions: Array(eligible)))
    }
  }

  package func forEachCost(
    _ selection: JourneySelection, _ body: (String, JourneyDay, Micros) throws -> Void
  ) throws {
    guard hasCosts else { return }
    let statement = try database.prepare(
      """
      SELECT CAST(session_id AS TEXT), channel_name, event_date, event_time, cost \
      FROM session_sources JOIN session_costs USING (session_id)
      """)
    defer { statement.reset() }
    while try statement.step() {
      let row = {
        "\(self.database.path): session \(ForeignText.quoted(statement.string(0) ?? ""))"
      }
      let time = try InputValue.time(
        statement.string(2), statement.string(3), columns: ("event_date", "event_time"), row: row)
      let day = JourneyDay(of: time)
      guard selection.contains(day) else { continue }
      try body(
        statement.string(1) ?? "", day, try InputValue.money(statement, 4, "cost", row: row))
    }
  }
}

/// Reads sessions in the order of their users, for callers that ask in the same order.
private struct SessionReader {
  private let statement: SQLiteStatement
  private let path: String
  /// The user of the row that the statement stands on; nil behind the last.
  private var user: String?

  init(_ database: SQLiteDatabase, hasCosts: Bool) throws {
    path = database.path
    let columns = JourneyDatabase.sessionColumns.dropFirst(2).map { "s.\($0)" }
    statement = try database.prepare(
      """
      SELECT CAST(s.user_id AS TEXT), CAST(s.session_id AS TEXT), \
      \(columns.joined(separator: ", ")), \(hasCosts ? "c.cost" : "NULL") FROM session_sources s \
      \(hasCosts ? "LEFT JOIN session_costs c ON c.session_id = s.session_id" : "") \
      WHERE s.user_id IS NOT NULL ORDER BY 1
      """)
    user = try statement.step() ? statement.string(0) : nil
  }

  /// The user's sessions, ordered by (time, id by bytes). Users must come in the order of their bytes.
  mutating func sessions(of wanted: String) throws -> [Session] {
    while let user, user.utf8.lexicographicallyPrecedes(wanted.utf8) { try advance() }
    var found: [Session] = []
    while user == wanted {
      found.append(try session())
      try advance()
    }
    found.sort { left, right in
      left.time != right.time
        ? left.time < right.time : left.id.utf8.lexicographicallyPrecedes(right.id.utf8)
    }
    var ids: Set<String> = []
    for session in found where !ids.insert(session.id).inserted {
      throw JourneyError(
        "\(path): session \(ForeignText.quoted(session.id)) stands more than once in "
          + "session_sources or session_costs")
    }
    return found
  }

  private mutating func advance() throws {
    user = try statement.step() ? statement.string(0) : nil
  }

  private func session() throws -> Session {
    guard let id = statement.string(1) else {
      throw JourneyError("\(path): table session_sources has a row without session_id")
    }
    let path = path
    let row = { "\(path): session \(ForeignText.quoted(id))" }
    return Session(
      id: id,
      time: try InputValue.time(
        statement.string(2), statement.string(3), columns: ("event_date", "event_time"), row: row),
      channel: statement.string(4) ?? "",
      hasHolderEngagement: try InputValue.flag(statement, 5, "holder_engagement", row: row),
      hasCloserEngagement: try InputValue.flag(statement, 6, "closer_engagement", row: row),
      isImpression: try InputValue.flag(statement, 7, "impression_interaction", row: row),
      cost: try InputValue.money(statement, 8, "cost", row: row))
  }
}
