import Attribution
import Configuration

/// How one file, or one table of a SQLite file, is read: which records are in it, and under which names.
struct FileShape: Sendable {
  let kind: EventKind
  /// The entries of `inputs` that describe the file, of all kinds, in their order; none: every field stands
  /// under its own name.
  var entries: [InputEntry] = []
  var map = ColumnMap()
  var form = TableOverrides()
  /// The fields that events of the kind can have.
  var fields: [String]
  /// Whether a record that fits no entry is counted here, and not with another kind of the same file.
  var countsFiltered = true

  init(kind: EventKind, fields: [String]? = nil) {
    self.kind = kind
    self.fields = fields ?? kind.fields
  }

  /// Whether every record is the event as it stands.
  var isPlain: Bool {
    map.isEmpty && entries.allSatisfy { $0.fields.isEmpty && $0.conditions.isEmpty }
  }

  /// The entries, or the one that stands for none.
  var effectiveEntries: [InputEntry] {
    entries.isEmpty ? [InputEntry(kind: kind, source: .files("*"))] : entries
  }

  var delimiter: UInt8? { (form.delimiter ?? entries.first?.table.delimiter)?.utf8.first }
  var skipLines: Int { form.skipLines ?? entries.first?.table.skipLines ?? 0 }

  /// Whether columns are named by their numbers, because the table has no header.
  var isPositional: Bool {
    var names: [String] = map.columns(of: kind)
    for entry in effectiveEntries {
      let paths = entry.conditions.map(\.path) + entry.fields.flatMap(\.source.paths)
      names += paths.compactMap { path in
        if case .value(let steps) = path { TableHeader.name(of: steps) } else { nil }
      }
    }
    return !names.isEmpty
      && names.allSatisfy { name in
        !name.isEmpty && name.first != "0" && name.utf8.allSatisfy { (48...57).contains($0) }
      }
  }

  /// Whether a field is filled with the record's place.
  var usesPlace: Bool {
    effectiveEntries.contains { $0.fields.contains { $0.source.paths.contains(.place) } }
  }
}

/// What the command line says about how tables are written.
public struct TableOverrides: Sendable {
  /// One character.
  public var delimiter: String?
  public var skipLines: Int?
  /// Texts that stand for an absent value, besides those of an entry.
  public var nullValues: [String] = []
  /// `.` or `,`.
  public var decimal: String?

  public init() {}
}
