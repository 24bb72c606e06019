import SQLite

/// The result tables in a SQLite file: that of the input, or another one.
package final class SQLiteResults: JourneyResults {
  private let database: SQLiteDatabase

  /// - Parameter database: the input's own, if the file is the same one: two connections would wait for
  ///   each other's locks.
  package init(_ database: SQLiteDatabase) { self.database = database }

  package var name: String { database.path }

  package func isPrepared() throws -> Bool {
    let count = try database.run(
      """
      SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN \
      ('\(ResultTables.shares)', '\(ResultTables.report)', '\(ResultTables.ledger)')
      """)
    return count.first?.first == 3
  }

  package func prepare() throws {
    guard try !isPrepared() || !lackedColumns().isEmpty else { return }
    try transaction {
      for statement in ResultTables.statements(real: "REAL", money: "REAL", date: "TEXT") {
        try database.execute(statement)
      }
      for column in try lackedColumns() {
        try database.execute("ALTER TABLE \(ResultTables.shares) ADD COLUMN \(column) REAL")
      }
    }
  }

  private func lackedColumns() throws -> [String] {
    let present = try database.prepare("SELECT * FROM \(ResultTables.shares)").columnNames
    return ResultTables.shareColumns.filter { !present.map { $0.lowercased() }.contains($0) }
  }

  package func answered(_ conversionIDs: [String]) throws -> [String: AnsweredJourney] {
    let statement = try database.prepare(
      "SELECT model, fingerprint FROM \(ResultTables.ledger) WHERE conv_id = ?")
    var found: [String: AnsweredJourney] = [:]
    for id in conversionIDs {
      try statement.bind(1, id)
      while try statement.step() {
        found[id] = AnsweredJourney(
          model: statement.string(0) ?? "", fingerprint: statement.string(1) ?? "")
      }
    }
    return found
  }

  package func save(_ journeys: [CreditedJourney], model: String) throws {
    try transaction {
      for journey in journeys {
        try database.run("DELETE FROM \(ResultTables.shares) WHERE conv_id = ?") {
          row throws(SQLiteError) in try row.bind(1, journey.conversionID)
        }
        for credit in journey.credits {
          try database.run(
            """
            INSERT INTO \(ResultTables.shares) \
            (conv_id, session_id, initializer, holder, closer, ihc) VALUES (?, ?, ?, ?, ?, ?)
            """
          ) { row throws(SQLiteError) in
            try row.bind(1, journey.conversionID)
            try row.bind(2, credit.sessionID)
            row.bind(3, credit.initializer)
            row.bind(4, credit.holder)
            row.bind(5, credit.closer)
            row.bind(6, credit.ihc)
          }
        }
        try database.run(
          """
          INSERT INTO \(ResultTables.ledger) (conv_id, model, fingerprint) VALUES (?, ?, ?) \
          ON CONFLICT (conv_id) DO UPDATE SET model = excluded.model, \
          fingerprint = excluded.fingerprint
          """
        ) { row throws(SQLiteError) in
          try row.bind(1, journey.conversionID)
          try row.bind(2, model)
          try row.bind(3, journey.fingerprint)
        }
      }
    }
  }

  package func credits(_ conversionIDs: [String]) throws -> [String: [SessionCredit]] {
    let statement = try database.prepare(
      """
      SELECT session_id, initializer, holder, closer, ihc FROM \(ResultTables.shares) \
      WHERE conv_id = ? ORDER BY session_id
      """)
    var found: [String: [SessionCredit]] = [:]
    for id in conversionIDs {
      try statement.bind(1, id)
      while try statement.step() {
        found[id, default: []].append(
          SessionCredit(
            sessionID: statement.string(0) ?? "", initializer: statement.real(1),
            holder: statement.real(2), closer: statement.real(3), ihc: statement.real(4)))
      }
    }
    return found
  }

  package func replaceReport(_ selection: JourneySelection, _ rows: [ChannelDay]) throws {
    try transaction {
      try database.run("DELETE FROM \(ResultTables.report) WHERE date >= ? AND date <= ?") {
        row throws(SQLiteError) in
        try row.bind(1, selection.lowerBound)
        try row.bind(2, selection.upperBound)
      }
      for day in rows {
        try database.run(
          """
          INSERT INTO \(ResultTables.report) (channel_name, date, cost, ihc, ihc_revenue) \
          VALUES (?, ?, ?, ?, ?)
          """
        ) { row throws(SQLiteError) in
          try row.bind(1, day.channel)
          try row.bind(2, day.day.description)
          row.bind(3, day.cost)
          row.bind(4, day.ihc)
          row.bind(5, day.revenue)
        }
      }
    }
  }

  package func report(_ selection: JourneySelection) throws -> [ChannelDay] {
    let statement = try database.prepare(
      """
      SELECT channel_name, date, cost, ihc, ihc_revenue FROM \(ResultTables.report) \
      WHERE date >= ? AND date <= ? ORDER BY date, channel_name
      """)
    try statement.bind(1, selection.lowerBound)
    try statement.bind(2, selection.upperBound)
    var rows: [ChannelDay] = []
    while try statement.step() {
      rows.append(
        try ResultTables.row(
          channel: statement.string(0) ?? "", date: statement.string(1) ?? "",
          cost: statement.real(2), ihc: statement.real(3), revenue: statement.real(4), of: name))
    }
    return rows
  }

  package func models() throws -> [String: Int] {
    let statement = try database.prepare(
      "SELECT model, count(*) FROM \(ResultTables.ledger) GROUP BY model")
    var counts: [String: Int] = [:]
    while try statement.step() { counts[statement.string(0) ?? ""] = Int(statement.integer(1)) }
    return counts
  }

  private func transaction(_ body: () throws -> Void) throws {
    try database.transaction(failure: { $0 as any Error }, body)
  }
}
