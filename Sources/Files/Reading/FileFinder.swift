import Attribution
import Configuration
import Foundation
import SQLite

/// Finds the files that hold records, and what kind of records.
///
/// What a file holds is said by the entries of `inputs` whose pattern its name fits. Otherwise its kind is
/// the one that its name begins with (`clicks-2026-01-05.csv.gz`), or else the name of a folder that it
/// lies in; that of a SQLite file's table is the one that the table's name begins with.
public struct FileFinder: Sendable {
  /// What there is at a path, and what was passed over and why.
  public struct Found: Sendable {
    public var files: [InputFile] = []
    /// Lines for a person.
    public var skipped: [String] = []
  }

  private let kind: EventKind?
  private let rules: FileRules

  /// - Parameter kind: that of all files, whatever they are called.
  public init(kind: EventKind? = nil, rules: FileRules = FileRules()) {
    self.kind = kind
    self.rules = rules
  }

  /// All files at `paths`, which may be folders, each folder's in the order of their paths.
  ///
  /// A file that is named itself must be one that can be read; in a folder, others are skipped. Throws
  /// `FileError`.
  public func find(_ paths: [String]) throws -> Found {
    var found = Found()
    for path in paths {
      if try FileFinder.isFolder(path) {
        // What `ingest` has set aside is not to be read, what it has taken is.
        for file in try FileFinder.files(in: path, excluding: [WatchedFolder.rejected]) {
          do { found.files += try parts(of: file, below: path) } catch let error as FileError {
            found.skipped.append("skipped: \(error)")
          }
        }
      } else {
        found.files += try parts(of: path, below: FileFinder.parent(path))
      }
    }
    return found
  }

  /// What a file holds: a part for each kind of its records, and for each table.
  ///
  /// - Parameter folder: names of folders above it say nothing about kinds; its own does.
  func parts(
    of path: String, below folder: String, _ content: (any FileContent)? = nil
  ) throws -> [InputFile] {
    let content = content ?? LocalFile(path)
    if let complaint = complaint(aboutNameOf: path, below: folder) { throw complaint }
    let format = format(of: path)!
    if format == .sqlite { return try tables(of: path, below: folder, content) }
    return try parts(
      path, content, format, rules.entries(of: path),
      named: FileFinder.kind(of: path, below: folder))
  }

  /// - Parameter named: the kind that a name says; nil for none.
  private func parts(
    _ path: String, _ content: any FileContent, _ format: FileFormat, table: String? = nil,
    _ entries: [InputEntry], named: EventKind?
  ) throws -> [InputFile] {
    try FileRules.checkAgreement(entries, table.map { "\(path): table \($0)" } ?? path)
    var entries = entries
    var kinds = entries.map(\.kind).reduce(into: [EventKind]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    if let kind {
      if !kinds.contains(kind) { entries = [] }
      kinds = [kind]
    } else if kinds.isEmpty {
      kinds = named.map { [$0] } ?? []
    }
    return kinds.enumerated().map { index, kind in
      var shape = rules.shape(kind, entries)
      shape.countsFiltered = index == 0
      return InputFile(
        path: path, kind: kind, format: format, table: table, shape: shape, content: content)
    }
  }

  /// How a file is written: as `inputs` says, or else by its name.
  private func format(of path: String) -> FileFormat? {
    let entry = rules.entries(of: path).first
    if entry?.format == .json { return .json }
    if let format = FileFormat(name: path) { return format }
    return rules.form.delimiter != nil || entry?.table.delimiter != nil ? .csv : nil
  }

  /// Why a file is passed over without a look at what is in it; nil when it is not.
  func complaint(aboutNameOf path: String, below folder: String) -> FileError? {
    guard let format = format(of: path) else {
      return FileError(
        "\(path): its name does not say what it is; it should end in .jsonl, .json, .csv, .tsv (each also "
          + "with .gz or .zst) or .sqlite")
    }
    guard
      format == .sqlite || kind != nil || !rules.entries(of: path).isEmpty
        || FileFinder.kind(of: path, below: folder) != nil
    else {
      return FileError(
        "\(path): its name does not say whether it holds impressions, clicks, conversions or costs; "
          + "let it begin with one of these, use --kind, or describe it in inputs")
    }
    return nil
  }

  /// Whether what a file holds can be told without opening it.
  func isToldByName(_ path: String) -> Bool { format(of: path).map { $0 != .sqlite } ?? false }

  private func tables(
    of path: String, below folder: String, _ content: any FileContent
  ) throws -> [InputFile] {
    let local = try content.localPath()
    let names = try FileError.of(local, name: path) { () throws(SQLiteError) in
      try DatabaseTable.names(SQLiteDatabase(local, .asItLies))
    }
    let general = rules.entries(of: path)
    let whole = kind ?? FileFinder.kind(of: path, below: folder)
    var files: [InputFile] = []
    for name in names {
      let named = FileFinder.kind(beginning: name)
      var entries = rules.entries(ofTable: name, of: path)
      if entries.isEmpty {
        entries = general.filter { named == nil ? names.count == 1 : $0.kind == named }
        guard named != nil || names.count == 1 else { continue }
        if let kind, let named, named != kind { continue }
      }
      files += try parts(
        path, content, .sqlite, table: name, entries,
        named: named ?? (names.count == 1 ? whole : nil))
    }
    guard !files.isEmpty else {
      throw FileError(
        "\(path) has no table whose name begins with impressions, clicks, conversions or costs, "
          + (names.isEmpty
            ? "in fact none at all"
            : "only \(names.joined(separator: ", ")); inputs can name one, as in files: "
              + "\"\(path.split(separator: "/").last ?? "")/\(names[0])\""))
    }
    return files
  }

  // MARK: Names

  /// By the file's name, or else those of the folders that it lies in, up to `folder` itself.
  static func kind(of path: String, below folder: String) -> EventKind? {
    let inner = path.hasPrefix(folder) ? path.dropFirst(folder.count) : path[...]
    for component in inner.split(separator: "/").reversed() {
      if let kind = kind(beginning: String(component)) { return kind }
    }
    return folder.split(separator: "/").last.flatMap { kind(beginning: String($0)) }
  }

  private static func kind(beginning name: String) -> EventKind? {
    EventKind.allCases.first { name.lowercased().hasPrefix($0.inputName) }
  }

  /// Whether a name is one of those that are not meant to be read: hidden, or not complete yet.
  package static func isIgnored(_ name: String) -> Bool {
    name.hasPrefix(".") || name.hasSuffix(".tmp") || name.hasSuffix(".part")
      // SQLite's own, beside a database.
      || name.hasSuffix("-wal") || name.hasSuffix("-shm") || name.hasSuffix("-journal")
  }

  /// Whether there is a folder.
  public static func isFolder(at path: String) -> Bool { (try? isFolder(path)) ?? false }

  static func isFolder(_ path: String) throws -> Bool {
    var information = stat()
    guard stat(path, &information) == 0 else { throw FileError.system(path, "read") }
    switch information.st_mode & S_IFMT {
    case S_IFDIR: return true
    case S_IFREG: return false
    default: throw FileError("\(path) is neither a file nor a folder")
    }
  }

  static func parent(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  /// The regular files in a folder and below, in the order of their paths.
  ///
  /// - Parameter excluded: folders right below it to leave out.
  static func files(in folder: String, excluding excluded: Set<String> = []) throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw FileError.system(folder, "read", access(folder, R_OK) == 0 ? EIO : errno)
    }
    var files: [String] = []
    for name in names.sorted() where !isIgnored(name) && !excluded.contains(name) {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      var information = stat()
      guard stat(path, &information) == 0 else { continue }
      switch information.st_mode & S_IFMT {
      case S_IFDIR: files += try self.files(in: path)
      case S_IFREG: files.append(path)
      default: break
      }
    }
    return files
  }
}
