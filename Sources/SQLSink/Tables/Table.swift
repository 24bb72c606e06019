/// A table, described so that either database can create and fill it.
struct Table: Sendable {
  enum ColumnType: Sendable { case text, integer, time, date, boolean }

  struct Column: Sendable {
    var name: String
    var type: ColumnType
    var isOptional = false
    /// What rows of before there was this column have.
    var initial: String?

    init(_ name: String, _ type: ColumnType, isOptional: Bool = false, initial: String? = nil) {
      self.name = name
      self.type = type
      self.isOptional = isOptional
      self.initial = initial
    }
  }

  /// How PostgreSQL divides the table; SQLite keeps it in one piece.
  enum Partitioning: Sendable {
    case none
    case hash(by: String)
    /// By the month of `date`, with a default partition for months that have none.
    case month
  }

  /// How many partitions a table has that is divided by hash.
  static let hashPartitions = 16

  var name: String
  var columns: [Column]
  var key: [String]
  var partitioning = Partitioning.none
  /// Columns of further indexes.
  var indexes: [[String]] = []
  /// Tables whose key a column holds.
  var references: [(column: String, table: String)] = []
  /// Whether rows that are there stay as they are.
  var keepsRows = false
  /// Columns to which new values are added instead of taking their place.
  var sums: Set<String> = []
  /// Whether rows come in such numbers that PostgreSQL gets them by `COPY`.
  var isStaged = true

  /// Where rows wait for being put in place, in PostgreSQL.
  var stagedName: String { "tributary_staged_\(name)" }

  /// A hash partition's name.
  func partitionName(_ number: Int) -> String { "\(name)_p\(number < 10 ? "0" : "")\(number)" }

  func column(_ name: String) -> Column {
    guard let column = columns.first(where: { $0.name == name }) else {
      preconditionFailure("\(self.name) has a column \(name)")
    }
    return column
  }
}

/// How a database spells what a `Table` describes.
struct TableDialect: Sendable {
  let time: String
  let date: String
  let boolean: String
  /// Whether tables are divided, and rows staged.
  let isPartitioned: Bool

  func type(_ type: Table.ColumnType) -> String {
    switch type {
    case .text: "TEXT"
    case .integer: isPartitioned ? "BIGINT" : "INTEGER"
    case .time: time
    case .date: date
    case .boolean: boolean
    }
  }

  /// The statements that make a table, its partitions, its indexes, and where its rows are staged.
  func creation(of table: Table) -> [String] {
    var parts = table.columns.map(definition)
    parts.append("PRIMARY KEY (\(Schema.names(table.key)))")
    for (column, other) in table.references {
      parts.append("FOREIGN KEY (\(Schema.name(column))) REFERENCES \(other)")
    }
    var statements = [
      "CREATE TABLE \(table.name) (\(parts.joined(separator: ", ")))\(suffix(of: table))"
    ]
    if isPartitioned {
      statements += partitions(of: table)
    }
    if isPartitioned && table.isStaged {
      let staged = table.columns.map { "\(Schema.name($0.name)) \(stagedType($0.type))" }
      statements.append(
        "CREATE UNLOGGED TABLE \(table.stagedName) (\(staged.joined(separator: ", ")), "
          + "removes BOOLEAN NOT NULL DEFAULT FALSE)")
    }
    for columns in table.indexes {
      statements.append(
        "CREATE INDEX \(table.name)_\(columns.joined(separator: "_")) "
          + "ON \(table.name) (\(Schema.names(columns)))")
    }
    return statements
  }

  /// The statements that give a table a column.
  func addition(of column: Table.Column, to table: Table) -> [String] {
    var statements = ["ALTER TABLE \(table.name) ADD COLUMN \(definition(column))"]
    if isPartitioned {
      statements.append(
        "ALTER TABLE \(table.stagedName) ADD COLUMN \(Schema.name(column.name)) "
          + stagedType(column.type))
    }
    return statements
  }

  /// Times are staged as milliseconds, because the text of year 0 is none to PostgreSQL.
  private func stagedType(_ type: Table.ColumnType) -> String {
    type == .time ? "BIGINT" : self.type(type)
  }

  private func definition(_ column: Table.Column) -> String {
    var text = "\(Schema.name(column.name)) \(type(column.type))"
    if !column.isOptional { text += " NOT NULL" }
    if let initial = column.initial { text += " DEFAULT \(initial)" }
    return text
  }

  private func suffix(of table: Table) -> String {
    guard isPartitioned else { return " WITHOUT ROWID" }
    switch table.partitioning {
    case .none: return ""
    case .hash(let column): return " PARTITION BY HASH (\(Schema.name(column)))"
    case .month: return " PARTITION BY RANGE (date)"
    }
  }

  private func partitions(of table: Table) -> [String] {
    switch table.partitioning {
    case .none: []
    case .hash:
      (0..<Table.hashPartitions).map {
        "CREATE TABLE \(table.partitionName($0)) PARTITION OF \(table.name) "
          + "FOR VALUES WITH (MODULUS \(Table.hashPartitions), REMAINDER \($0))"
      }
    case .month: ["CREATE TABLE \(table.name)_default PARTITION OF \(table.name) DEFAULT"]
    }
  }
}
