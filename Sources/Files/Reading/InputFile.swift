import Attribution
import SQLite

/// How a file's content is written.
public enum FileFormat: String, Sendable {
  /// JSON objects, one per line or all in one array.
  case json
  case csv, tsv, sqlite

  /// Endings of names that say how a file is packed. Its content decides.
  private static let packings = [".gz", ".zst", ".zstd"]

  /// By a file's name, however it is packed; nil for a name that says nothing.
  init?(name: String) {
    let inner = FileFormat.unpackedName(name)
    guard let point = inner.lastIndex(of: ".") else { return nil }
    switch inner[inner.index(after: point)...].lowercased() {
    case "jsonl", "ndjson", "json": self = .json
    case "csv": self = .csv
    case "tsv", "tab": self = .tsv
    case "sqlite", "sqlite3", "db": self = .sqlite
    default: return nil
    }
    if inner.utf8.count < name.utf8.count && self == .sqlite { return nil }
  }

  /// A name without the ending of its packing.
  static func unpackedName(_ name: String) -> String {
    let ending = packings.first { name.lowercased().hasSuffix($0) }
    return String(name.dropLast(ending?.count ?? 0))
  }
}

/// Something that holds records of one kind: a file, or one table of a SQLite file.
public struct InputFile: Sendable {
  public let path: String
  public let kind: EventKind
  public let format: FileFormat
  /// Of a SQLite file.
  public let table: String?
  /// What it holds.
  let content: any FileContent
  /// Which records are in it, and under which names.
  let shape: FileShape

  init(
    path: String, kind: EventKind, format: FileFormat, table: String? = nil,
    shape: FileShape? = nil, content: (any FileContent)? = nil
  ) {
    self.path = path
    self.content = content ?? LocalFile(path)
    self.kind = kind
    self.format = format
    self.table = table
    self.shape = shape ?? FileShape(kind: kind)
  }

  /// What to call it towards a person.
  public var name: String { table.map { "\(path): table \($0)" } ?? path }

  /// Opens it at its first record. Throws `FileError`.
  ///
  /// - Parameter currency: the one that amounts are in.
  func open(currency: String) throws -> any RecordSource {
    switch format {
    case .json:
      let records = try JSONRecords(openContent(), name: path)
      return shape.isPlain
        ? records : try MappedJSON(records, shape: shape, currency: currency, name: path)
    case .csv, .tsv:
      return try DelimitedTable(
        openContent(), shape: shape, currency: currency, name: path,
        delimiter: format == .tsv ? UInt8(ascii: "\t") : nil)
    case .sqlite:
      return try DatabaseTable(
        content.localPath(), name: path, table: table!, shape: shape, currency: currency)
    }
  }

  private func openContent() throws -> any ByteSource {
    try FileBytes.unpacked(content.open(), path: path)
  }

  /// Where a person finds a record.
  func place(_ line: Int) -> String {
    table.map { "\(path): table \($0), row \(line)" } ?? "\(path):\(line)"
  }
}
