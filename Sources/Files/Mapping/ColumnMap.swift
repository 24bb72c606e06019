import Attribution

/// The columns that the command line names for fields.
public struct ColumnMap: Sendable {
  private struct Entry: Hashable {
    /// nil: any kind.
    let kind: EventKind?
    let field: String
  }

  private var columns: [Entry: String] = [:]

  /// Every field in the column of its name.
  public init() {}

  /// - Parameter mappings: `field=column`, or `kind.field=column` for one kind only, which goes before
  ///   the former. Throws `FileError` when one is not written so.
  public init(_ mappings: [String]) throws(FileError) {
    for mapping in mappings {
      let (entry, column) = try ColumnMap.parse(mapping)
      guard columns.updateValue(column, forKey: entry) == nil else {
        throw FileError("--map \(mapping): that field is mapped already")
      }
    }
  }

  /// Whether every column has its field's name.
  public var isEmpty: Bool { columns.isEmpty }

  private static func parse(_ mapping: String) throws(FileError) -> (Entry, String) {
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
    return (Entry(kind: kind, field: String(left[left.count - 1])), column)
  }

  /// Throws `FileError` when a field is named that events do not have.
  ///
  /// - Parameter fields: those of each kind.
  public func check(_ fields: [EventKind: [String]]) throws(FileError) {
    for (entry, column) in columns.sorted(by: { $0.key.field < $1.key.field }) {
      let kinds = entry.kind.map { [$0] } ?? EventKind.allCases
      let known = kinds.flatMap { fields[$0] ?? $0.fields }
      guard !known.contains(entry.field) else { continue }
      let names = known.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      let kind = entry.kind.map { $0.inputName + "." } ?? ""
      throw FileError(
        "--map \(kind)\(entry.field)=\(column): \(entry.kind?.inputName ?? "events") have no field "
          + "\"\(entry.field)\"; there are " + names.joined(separator: ", "))
    }
  }

  /// The column that was named for a field; nil when none was.
  func column(of field: String, _ kind: EventKind) -> String? {
    columns[Entry(kind: kind, field: field)] ?? columns[Entry(kind: nil, field: field)]
  }

  /// All columns that were named for fields of a kind.
  func columns(of kind: EventKind) -> [String] {
    columns.compactMap { $0.key.kind == nil || $0.key.kind == kind ? $0.value : nil }
  }
}
