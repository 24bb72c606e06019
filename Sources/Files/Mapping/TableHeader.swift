import Attribution
import Configuration

/// Where a mapping finds its values among a record's: by the names of columns, or by paths.
protocol ColumnFinder {
  /// The number of the value at a path; nil if there can be none.
  mutating func column(at steps: [FieldPath.Step]) throws(FileError) -> Int?
  /// The number of the value that `--map` names; nil if there can be none.
  mutating func column(named text: String) throws(FileError) -> Int?
}

/// The columns of a table, by name or, where there is no header, by number from 1.
struct TableHeader: ColumnFinder {
  let names: [String]
  /// What the table is called in errors.
  let table: String
  let isCaseSensitive: Bool
  let isPositional: Bool

  init(_ names: [String], of table: String, isCaseSensitive: Bool) {
    self.names = names
    self.table = table
    self.isCaseSensitive = isCaseSensitive
    isPositional = false
  }

  /// A table without a header.
  init(columnCount: Int, of table: String) {
    names = (1...max(1, columnCount)).map(String.init)
    self.table = table
    isCaseSensitive = true
    isPositional = true
  }

  /// The column that a path names: its dots and brackets belong to the name.
  static func name(of steps: [FieldPath.Step]) -> String {
    var text = ""
    for step in steps {
      switch step {
      case .name(let name): text += (text.isEmpty ? "" : ".") + name
      case .element(let name, let value): text += "[\(name)=\(value)]"
      }
    }
    return text
  }

  func column(at steps: [FieldPath.Step]) throws(FileError) -> Int? {
    try column(named: TableHeader.name(of: steps))
  }

  func column(named wanted: String) throws(FileError) -> Int? {
    let key = isCaseSensitive ? wanted : TableHeader.folded(wanted)
    let places = names.indices.filter {
      (isCaseSensitive ? names[$0] : TableHeader.folded(names[$0])) == key
    }
    guard places.count <= 1 else {
      throw FileError("\(table) has more than one column \"\(wanted)\"")
    }
    return places.first
  }

  /// A name as SQLite compares it.
  private static func folded(_ name: String) -> String {
    String(
      decoding: name.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// The names in a line of text, however long or wild they are.
  var list: String {
    if isPositional { return "\(names.count) columns" }
    return names.prefix(20).map { "\"\(ShownText.short($0))\"" }.joined(separator: ", ")
      + (names.count > 20 ? ", …" : "")
  }
}

/// A column that a mapping needs is not there.
struct MissingColumn: Error {
  let table: String
  let column: String
  /// Our field that needs it; nil for a condition.
  let field: String?
  /// Who needs it, in words.
  let reason: String
  /// What to do about it if nothing better is known.
  let advice: String

  /// The error for a person.
  func error(_ header: TableHeader, advice better: String? = nil) -> FileError {
    let what =
      header.isPositional
      ? "\(table) has only \(header.list), no column \(column), \(reason)"
      : "\(table) has no column \"\(ShownText.short(column))\", \(reason)"
    if let better { return FileError("\(what); \(better)") }
    let list = header.isPositional ? "" : "it has \(header.list)"
    let rest = [list, advice].filter { !$0.isEmpty }
    return FileError(rest.isEmpty ? what : "\(what); \(rest.joined(separator: ", and "))")
  }
}
