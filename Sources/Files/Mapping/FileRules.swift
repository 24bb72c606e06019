import Attribution
import Configuration
internal import Glibc

/// What the configuration and the command line say about files: which of them hold which events, and how
/// these are written.
public struct FileRules: Sendable {
  private let entries: [InputEntry]
  let map: ColumnMap
  let form: TableOverrides
  private let fields: [EventKind: [String]]

  /// Every field stands under its own name, and names of files say what they hold.
  public init() {
    entries = []
    map = ColumnMap()
    form = TableOverrides()
    fields = [:]
  }

  /// Throws `FileError` for an entry that means nothing for files.
  public init(
    _ configuration: Configuration, map: ColumnMap = ColumnMap(),
    form: TableOverrides = TableOverrides()
  ) throws(FileError) {
    var entries: [InputEntry] = []
    for (number, entry) in (configuration.inputs ?? []).enumerated() where entry.files != nil {
      try FileRules.check(entry, number)
      entries.append(entry)
    }
    self.entries = entries
    self.map = map
    self.form = form
    fields = Dictionary(
      uniqueKeysWithValues: EventKind.allCases.map { ($0, configuration.fieldNames(of: $0)) })
    try map.check(fields)
  }

  private static func check(_ entry: InputEntry, _ number: Int) throws(FileError) {
    if let format = entry.format, format != .json {
      throw FileError(
        "inputs[\(number)]: format \(format.rawValue) is for topics; files are JSON, CSV, TSV or SQLite"
      )
    }
    let paths = entry.conditions.map(\.path) + entry.fields.flatMap(\.source.paths)
    for path in paths {
      switch path {
      case .value, .place: break
      case .key, .timestamp, .header:
        throw FileError(
          "inputs[\(number)]: \(path.text) is for topics; a record of a file has only $place")
      }
    }
  }

  func shape(_ kind: EventKind, _ entries: [InputEntry]) -> FileShape {
    var shape = FileShape(kind: kind, fields: fields[kind])
    shape.entries = entries
    shape.map = map
    shape.form = form
    return shape
  }

  // MARK: Which files

  /// The entries whose pattern a file's name fits, with or without the ending of its packing.
  ///
  /// A pattern with slashes is compared with as many parts of the path, from its end. One that goes on
  /// with the name of a table does not fit the file itself.
  func entries(of path: String) -> [InputEntry] {
    let names = [path, FileFormat.unpackedName(path)]
    return entries.filter { entry in names.contains { FileRules.fits($0, entry.files!) } }
  }

  /// The entries whose pattern names a table of a SQLite file: `shop.sqlite/orders*`.
  func entries(ofTable table: String, of path: String) -> [InputEntry] {
    entries.filter { $0.files!.contains("/") && FileRules.fits("\(path)/\(table)", $0.files!) }
  }

  private static func fits(_ path: String, _ pattern: String) -> Bool {
    guard !pattern.hasPrefix("/") else { return fnmatch(pattern, path, FNM_PATHNAME) == 0 }
    let count = pattern.split(separator: "/", omittingEmptySubsequences: false).count
    let parts = path.split(separator: "/").suffix(count)
    return fnmatch(pattern, parts.joined(separator: "/"), FNM_PATHNAME) == 0
  }

  /// Throws `FileError` when entries of one file say different things about how it is written.
  static func checkAgreement(_ entries: [InputEntry], _ path: String) throws(FileError) {
    guard let first = entries.first else { return }
    for entry in entries.dropFirst() {
      func mustAgree(_ key: String, _ agrees: Bool) throws(FileError) {
        guard !agrees else { return }
        throw FileError(
          "\(path): its entries in inputs differ in \(key); all entries of one file share it")
      }
      try mustAgree("delimiter", entry.table.delimiter == first.table.delimiter)
      try mustAgree("skip_lines", entry.table.skipLines == first.table.skipLines)
      try mustAgree("format", entry.format == first.format)
    }
  }
}
