import Codec
import SQLSink

/// The result tables in PostgreSQL. A chunk travels as one JSON parameter.
package final class PostgresResults: JourneyResults {
  private let connection: PostgresConnection
  package let name = "PostgreSQL"

  /// - Parameter address: libpq's connection string.
  package init(_ address: String) throws(SQLError) { connection = try PostgresConnection(address) }

  package func isPrepared() throws -> Bool {
    let rows = try connection.run(
      """
      SELECT count(*) FROM unnest(ARRAY['\(ResultTables.shares)', '\(ResultTables.report)', \
      '\(ResultTables.ledger)']) AS name WHERE to_regclass(name) IS NOT NULL
      """)
    return rows.first?.first == "3"
  }

  package func prepare() throws {
    // Asks for no right to create what is there.
    guard try !isPrepared() else { return }
    let statements = ResultTables.statements(
      real: "DOUBLE PRECISION", money: "NUMERIC", date: "DATE")
    for statement in statements { try connection.run(statement) }
  }

  package func answered(_ conversionIDs: [String]) throws -> [String: AnsweredJourney] {
    let rows = try connection.run(
      """
      SELECT conv_id, model, fingerprint FROM \(ResultTables.ledger) \
      WHERE conv_id IN (SELECT json_array_elements_text($1::json))
      """, [Self.json(conversionIDs)])
    return Dictionary(
      rows.map { ($0[0], AnsweredJourney(model: $0[1], fingerprint: $0[2])) }
    ) { $1 }
  }

  package func save(_ journeys: [CreditedJourney], model: String) throws {
    var shares = JSONWriter()
    shares.array(journeys.flatMap { journey in journey.credits.map { (journey, $0) } }) {
      writer, pair in
      writer.object { writer in
        writer.field("conv_id", pair.0.conversionID)
        writer.field("session_id", pair.1.sessionID)
        writer.field("initializer", "\(pair.1.initializer)")
        writer.field("holder", "\(pair.1.holder)")
        writer.field("closer", "\(pair.1.closer)")
        writer.field("ihc", "\(pair.1.ihc)")
      }
    }
    var ledger = JSONWriter()
    ledger.array(journeys) { writer, journey in
      writer.object { writer in
        writer.field("conv_id", journey.conversionID)
        writer.field("model", model)
        writer.field("fingerprint", journey.fingerprint)
      }
    }
    try transaction {
      try connection.run(
        """
        DELETE FROM \(ResultTables.shares) \
        WHERE conv_id IN (SELECT json_array_elements_text($1::json))
        """, [Self.json(journeys.map(\.conversionID))])
      try connection.run(
        """
        INSERT INTO \(ResultTables.shares) \
        (conv_id, session_id, initializer, holder, closer, ihc) \
        SELECT conv_id, session_id, initializer, holder, closer, ihc \
        FROM json_to_recordset($1::json) AS r (conv_id TEXT, session_id TEXT, \
        initializer DOUBLE PRECISION, holder DOUBLE PRECISION, closer DOUBLE PRECISION, \
        ihc DOUBLE PRECISION)
        """, [shares.text])
      try connection.run(
        """
        INSERT INTO \(ResultTables.ledger) (conv_id, model, fingerprint) \
        SELECT conv_id, model, fingerprint FROM json_to_recordset($1::json) \
        AS r (conv_id TEXT, model TEXT, fingerprint TEXT) \
        ON CONFLICT (conv_id) DO UPDATE SET model = excluded.model, \
        fingerprint = excluded.fingerprint
        """, [ledger.text])
    }
  }

  package func credits(_ conversionIDs: [String]) throws -> [String: [SessionCredit]] {
    let rows = try connection.run(
      """
      SELECT conv_id, session_id, initializer, holder, closer, ihc FROM \(ResultTables.shares) \
      WHERE conv_id IN (SELECT json_array_elements_text($1::json)) \
      ORDER BY conv_id, session_id COLLATE "C"
      """, [Self.json(conversionIDs)])
    var found: [String: [SessionCredit]] = [:]
    for row in rows {
      found[row[0], default: []].append(
        SessionCredit(
          sessionID: row[1], initializer: Double(row[2]) ?? 0, holder: Double(row[3]) ?? 0,
          closer: Double(row[4]) ?? 0, ihc: Double(row[5]) ?? 0))
    }
    return found
  }

  package func replaceReport(_ selection: JourneySelection, _ rows: [ChannelDay]) throws {
    var report = JSONWriter()
    report.array(rows) { writer, row in
      writer.object { writer in
        writer.field("channel_name", row.channel)
        writer.field("date", row.day.description)
        writer.field("cost", "\(row.cost)")
        writer.field("ihc", "\(row.ihc)")
        writer.field("ihc_revenue", "\(row.revenue)")
      }
    }
    try transaction {
      try connection.run(
        """
        DELETE FROM \(ResultTables.report) \
        WHERE date >= $1::date AND date <= $2::date
        """, Self.bounds(selection))
      try connection.run(
        """
        INSERT INTO \(ResultTables.report) (channel_name, date, cost, ihc, ihc_revenue) \
        SELECT channel_name, date, cost, ihc, ihc_revenue FROM json_to_recordset($1::json) \
        AS r (channel_name TEXT, date DATE, cost NUMERIC, ihc DOUBLE PRECISION, ihc_revenue NUMERIC)
        """, [report.text])
    }
  }

  package func report(_ selection: JourneySelection) throws -> [ChannelDay] {
    try connection.run(
      """
      SELECT channel_name, to_char(date, 'YYYY-MM-DD'), cost, ihc, ihc_revenue \
      FROM \(ResultTables.report) WHERE date >= $1::date AND date <= $2::date \
      ORDER BY date, channel_name COLLATE "C"
      """, Self.bounds(selection)
    ).map { row in
      try ResultTables.row(
        channel: row[0], date: row[1], cost: Double(row[2]) ?? 0, ihc: Double(row[3]) ?? 0,
        revenue: Double(row[4]) ?? 0, of: name)
    }
  }

  package func models() throws -> [String: Int] {
    let rows = try connection.run(
      "SELECT model, count(*) FROM \(ResultTables.ledger) GROUP BY model")
    return Dictionary(rows.map { ($0[0], Int($0[1]) ?? 0) }) { $1 }
  }

  private static func bounds(_ selection: JourneySelection) -> [String] {
    [
      selection.from?.description ?? "-infinity", selection.through?.description ?? "infinity",
    ]
  }

  private static func json(_ texts: [String]) -> String {
    var writer = JSONWriter()
    writer.array(texts) { $0.value($1) }
    return writer.text
  }

  private func transaction(_ body: () throws -> Void) throws {
    try connection.run("BEGIN")
    do {
      try body()
      try connection.run("COMMIT")
    } catch {
      _ = try? connection.run("ROLLBACK")
      throw error
    }
  }
}
