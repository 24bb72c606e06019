import Attribution

/// Makes partitions for the months of the rows that are put into tables divided by month.
///
/// Where the role may not create tables, rows of months without a partition go to the default one. A partition that is
/// made later takes them over.
final class MonthPartitions {
  private let connection: PostgresConnection
  /// By table, the bounds of its partitions; nil where the role may make none.
  private var known: [String: Set<String>?] = [:]

  init(_ connection: PostgresConnection) { self.connection = connection }

  /// Looks at the partitions anew before the next one is made.
  func forget() { known = [:] }

  /// - Parameter dates: of the rows.
  func make(for dates: [SQLValue], of table: Table) throws(SQLError) {
    let months = Set(
      dates.compactMap { value -> String? in
        guard case .date(let time) = value else { return nil }
        return String(SQLValue.text(ofDay: time).prefix(7))
      })
    if known[table.name] == nil { known[table.name] = .some(try find(table)) }
    for month in months.sorted() {
      guard let bounds = known[table.name]!, !bounds.contains(Self.bounds(of: month)) else {
        continue
      }
      try make(month, of: table)
      known[table.name]!!.insert(Self.bounds(of: month))
    }
  }

  /// The bounds of the partitions that are there; nil where this role can make none.
  private func find(_ table: Table) throws(SQLError) -> Set<String>? {
    let may = try connection.run(
      """
      SELECT has_schema_privilege(relnamespace, 'CREATE') AND pg_has_role(relowner, 'USAGE') \
      FROM pg_class WHERE oid = '\(table.name)'::regclass
      """)
    guard may.first?.first == "t" else { return nil }
    let rows = try connection.run(
      """
      SELECT pg_get_expr(part.relpartbound, part.oid) FROM pg_inherits \
      JOIN pg_class AS part ON part.oid = inhrelid WHERE inhparent = '\(table.name)'::regclass
      """)
    return Set(rows.map { $0[0] })
  }

  private func make(_ month: String, of table: Table) throws(SQLError) {
    let (first, next) = Self.days(of: month)
    let schema = try connection.run(
      "SELECT relnamespace::regnamespace FROM pg_class WHERE oid = '\(table.name)'::regclass")[0][0]
    let name = "\(schema).\(table.name)_\(month.prefix(4))_\(month.suffix(2))"
    // By way of a table of its own, so that rows which had to wait in the default partition come along.
    try connection.run(
      "CREATE TABLE \(name) (LIKE \(table.name) INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)"
    )
    try connection.run(
      """
      WITH moved AS (DELETE FROM \(table.name)_default \
      WHERE date >= '\(first)' AND date < '\(next)' RETURNING *) \
      INSERT INTO \(name) SELECT * FROM moved
      """)
    try connection.run(
      "ALTER TABLE \(table.name) ATTACH PARTITION \(name) \(Self.bounds(of: month))")
  }

  /// As PostgreSQL spells them.
  private static func bounds(of month: String) -> String {
    let (first, next) = days(of: month)
    return "FOR VALUES FROM ('\(first)') TO ('\(next)')"
  }

  /// The first days of a month, `2026-01`, and of the next.
  private static func days(of month: String) -> (first: String, next: String) {
    let year = Int(month.prefix(4)) ?? 0
    let number = Int(month.suffix(2)) ?? 1
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    func four(_ value: Int) -> String {
      String(repeating: "0", count: 4 - "\(value)".count) + "\(value)"
    }
    let next = number == 12 ? "\(four(year + 1))-01-01" : "\(four(year))-\(two(number + 1))-01"
    return ("\(month)-01", next)
  }
}
