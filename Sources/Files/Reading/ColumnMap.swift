import Attribution
import Codec

/// Which column of a table holds which field: the one of the field's own name, unless told otherwise.
public struct ColumnMap: Sendable {
  private struct Entry: Hashable {
    /// nil: any kind.
    let kind: EventKind?
    let field: String
  }

  private var columns: [Entry: String] = [:]
  private let definitions: Definitions

  /// Every field in the column of its name.
  ///
  /// - Parameter definitions: whose extra fields there are beside the contract's.
  public init(_ definitions: Definitions = Definitions()) { self.definitions = definitions }

  /// - Parameter mappings: `field=column`, or `kind.field=column` for one kind only, which goes before
  ///   the former. Throws `FileError` when one cannot be meant so.
  public init(
    _ mappings: [String], _ definitions: Definitions = Definitions()
  ) throws(FileError) {
    self.definitions = definitions
    for mapping in mappings {
      let (entry, column) = try ColumnMap.parse(mapping, definitions)
      guard columns.updateValue(column, forKey: entry) == nil else {
        throw FileError("--map \(mapping): that field is mapped already")
      }
    }
  }

  /// Whether every column has its field's name.
  public var isEmpty: Bool { columns.isEmpty }

  private static func parse(
    _ mapping: String, _ definitions: Definitions
  ) throws(FileError) -> (Entry, String) {
    guard let equals = mapping.firstIndex(of: "=") else {
      throw FileError("--map \(mapping): write field=column, such as event_id=order_id")
    }
    let left = mapping[..<equals].split(separator: ".", omittingEmptySubsequences: false)
    let column = String(mapping[mapping.index(after: equals)...])
    guard !column.isEmpty, left.count <= 2 else {
      throw FileError("--map \(mapping): write field=column, such as event_id=order_id")
    }
    var kind: EventKind?
    if left.count == 2 {
      kind = EventKind(inputName: String(left[0]))
      guard kind != nil else {
        throw FileError(
          "--map \(mapping): there is no kind \"\(left[0])\"; there are impressions, clicks, "
            + "conversions and costs")
      }
    }
    let field = String(left[left.count - 1])
    let known = (kind.map { [$0] } ?? EventKind.allCases).flatMap { $0.allFields(definitions) }
    guard known.contains(field) else {
      let names = known.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      throw FileError(
        "--map \(mapping): \(kind?.inputName ?? "events") have no field \"\(field)\"; there are "
          + names.joined(separator: ", "))
    }
    return (Entry(kind: kind, field: field), column)
  }

  /// The column that was named for a field; nil when none was.
  private func mapped(_ field: String, _ kind: EventKind) -> String? {
    columns[Entry(kind: kind, field: field)] ?? columns[Entry(kind: nil, field: field)]
  }

  /// Where the fields of a kind are among a table's columns.
  ///
  /// Throws `FileError` when a required field has no column, a named column is missing, or one that is
  /// wanted is there twice.
  ///
  /// - Parameter table: its name, for errors.
  func bind(
    _ kind: EventKind, to header: [String], of table: String
  ) throws(FileError) -> [(field: String, column: Int)] {
    var found: [(field: String, column: Int)] = []
    for field in kind.allFields(definitions) {
      let wanted = mapped(field, kind) ?? field
      let places = header.indices.filter { header[$0] == wanted }
      guard places.count <= 1 else {
        throw FileError("\(table) has more than one column \"\(wanted)\"")
      }
      if let place = places.first {
        found.append((field, place))
      } else if mapped(field, kind) != nil {
        throw FileError(
          "\(table) has no column \"\(wanted)\", which --map names for \(field); it has "
            + ColumnMap.list(header))
      } else if kind.requiredFields.contains(field) {
        throw FileError(
          "\(table) has no column \"\(field)\", which \(kind.inputName) need; it has "
            + "\(ColumnMap.list(header)), and --map \(field)=COLUMN says which one it is")
      }
    }
    return found
  }

  /// A header in a line of text, however long or wild it is.
  private static func list(_ header: [String]) -> String {
    let names = header.prefix(20).map { name in
      let shown = name.unicodeScalars.prefix(40).map { scalar in
        scalar.properties.generalCategory == .control ? "\u{FFFD}" : Character(scalar)
      }
      return "\"\(String(shown))\""
    }
    return names.joined(separator: ", ") + (header.count > 20 ? ", …" : "")
  }
}
