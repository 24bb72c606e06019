// Safety: conditions and fields are read from values that the caller lends for one call.

import Attribution
import Codec
import Configuration

/// One value of a record, lent.
struct Cell {
  /// The text of a value, or JSON that is no string.
  let text: BorrowedBytes
  /// Whether it is a JSON number, `true`, `false` or a container, and stands in the event as it is.
  var isJSON = false

  /// Whether it has a text that can be compared.
  var isScalar: Bool {
    guard isJSON, !text.isEmpty else { return true }
    return ![UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\"")].contains(text[0])
  }
}

/// Writes the records of a file as the JSON objects that the input topics hold, under our names.
///
/// Compiled once per file; a record costs one pass over its fields. A value that its mapping cannot read,
/// such as a time in another format, is written in brackets: well-formed JSON that no field allows, in
/// which the value can still be seen.
struct RecordMapper {
  enum Outcome {
    /// `bytes` hold the event, and what the mapping found wrong with it.
    case event(Complaint?)
    /// The record is not of this kind, or for no entry at all.
    case skipped(isFiltered: Bool)
  }

  private enum Source {
    case column(Int)
    case place
  }

  private enum Role {
    case name, amount, integer, boolean, time
  }

  private struct Field {
    let name: String
    /// `"event_id":`
    let key: [UInt8]
    let role: Role
    let sources: [Source]
    let fallback: [UInt8]?
    var time: MappedTime?
  }

  private struct Entry {
    let isOurs: Bool
    let conditions: [(column: Int, values: [[UInt8]])]
    let fields: [Field]
    let nullValues: [[UInt8]]
    let amounts: AmountText?
  }

  private var entries: [Entry]
  private let countsFiltered: Bool
  private let kind: EventKind
  private(set) var usedColumns: Set<Int> = []
  private(set) var bytes: [UInt8] = []
  private var scratch: [UInt8] = []

  /// Throws `FileError`, or `MissingColumn` for a column that is not there.
  ///
  /// - Parameters:
  ///   - currency: the one that amounts are in.
  ///   - table: what the file is called in errors.
  init(
    _ shape: FileShape, currency: String, table: String, _ finder: inout some ColumnFinder
  ) throws {
    kind = shape.kind
    countsFiltered = shape.countsFiltered
    entries = []
    for entry in shape.effectiveEntries {
      var conditions: [(column: Int, values: [[UInt8]])] = []
      for condition in entry.conditions {
        let text = condition.path.text
        guard case .value(let steps) = condition.path else {
          throw FileError("\(table): where cannot ask for \(text)")
        }
        guard let column = try finder.column(at: steps) else {
          throw MissingColumn(
            table: table, column: TableHeader.name(of: steps), field: nil,
            reason: "which where names", advice: "")
        }
        usedColumns.insert(column)
        conditions.append((column, condition.values.map { Array($0.utf8) }))
      }
      let isOurs = entry.kind == shape.kind
      let decimal = shape.form.decimal ?? entry.table.decimal
      entries.append(
        Entry(
          isOurs: isOurs, conditions: conditions,
          fields: isOurs
            ? try RecordMapper.fields(entry, shape, table, &finder, &usedColumns) : [],
          nullValues: (entry.table.nullValues + shape.form.nullValues).map { Array($0.utf8) },
          amounts: decimal.map { AmountText(isDecimalComma: $0 == ",", currency: currency) }))
    }
  }

  // MARK: Compiling

  private static func fields(
    _ entry: InputEntry, _ shape: FileShape, _ table: String, _ finder: inout some ColumnFinder,
    _ used: inout Set<Int>
  ) throws -> [Field] {
    var fields: [Field] = []
    for name in shape.fields {
      guard let field = try field(name, entry, shape, table, &finder) else { continue }
      for case .column(let column) in field.sources { used.insert(column) }
      fields.append(field)
    }
    return fields
  }

  private static func field(
    _ name: String, _ entry: InputEntry, _ shape: FileShape, _ table: String,
    _ finder: inout some ColumnFinder
  ) throws -> Field? {
    let mapped = entry.source(of: name)
    var sources: [Source] = []
    var missing: MissingColumn?
    if let column = shape.map.column(of: name, shape.kind) {
      if let found = try finder.column(named: column) {
        sources = [.column(found)]
      } else {
        throw MissingColumn(
          table: table, column: column, field: name, reason: "which --map names for \(name)",
          advice: "")
      }
    } else {
      for path in mapped?.paths ?? [.member(name)] {
        guard case .value(let steps) = path else {
          sources.append(.place)
          continue
        }
        if let found = try finder.column(at: steps) {
          sources.append(.column(found))
        } else if missing == nil {
          missing = self.missing(
            TableHeader.name(of: steps), for: name, isMapped: mapped != nil, shape, table)
        }
      }
    }
    let fallback = mapped?.fallback.map { Array($0.utf8) }
    if sources.isEmpty, fallback == nil {
      let isNeeded = mapped != nil || shape.kind.requiredFields.contains(name)
      if let missing, isNeeded { throw missing }
      return nil
    }
    return Field(
      name: name, key: Array("\"\(name)\":".utf8), role: role(of: name), sources: sources,
      fallback: fallback, time: try mapped?.timeForm.map { try MappedTime($0) })
  }

  private static func missing(
    _ column: String, for field: String, isMapped: Bool, _ shape: FileShape, _ table: String
  ) -> MissingColumn {
    MissingColumn(
      table: table, column: column, field: field,
      reason: isMapped
        ? "which inputs names for \(field)" : "which \(shape.kind.inputName) need",
      advice: isMapped ? "" : "--map \(field)=COLUMN says which one it is")
  }

  private static func role(of field: String) -> Role {
    switch field {
    case "event_time", "original_time": .time
    case "cost", "value", "amount": .amount
    case "version": .integer
    case "deleted": .boolean
    default: .name
    }
  }

  // MARK: One record

  /// Writes one record, whose values `cell` lends by their numbers; nil for an absent one.
  ///
  /// - Parameter place: appends the record's place.
  mutating func map(
    place: (inout [UInt8]) -> Void, cell: (Int) -> Cell?
  ) -> Outcome {
    guard let entry = entries.first(where: { RecordMapper.fits($0, cell) }) else {
      return .skipped(isFiltered: countsFiltered)
    }
    guard entry.isOurs else { return .skipped(isFiltered: false) }
    bytes.removeAll(keepingCapacity: true)
    bytes.append(UInt8(ascii: "{"))
    var complaint: Complaint?
    for field in entry.fields {
      let problem = write(field, entry, place, cell)
      if complaint == nil { complaint = problem }
    }
    bytes.append(UInt8(ascii: "}"))
    return .event(complaint)
  }

  private static func fits(_ entry: Entry, _ cell: (Int) -> Cell?) -> Bool {
    entry.conditions.allSatisfy { condition in
      guard let found = cell(condition.column), found.isScalar else { return false }
      return condition.values.contains { found.text.buffer.elementsEqual($0) }
    }
  }

  private mutating func write(
    _ field: Field, _ entry: Entry, _ place: (inout [UInt8]) -> Void, _ cell: (Int) -> Cell?
  ) -> Complaint? {
    for source in field.sources {
      switch source {
      case .place:
        scratch.removeAll(keepingCapacity: true)
        place(&scratch)
        return writeScratch(field, entry)
      case .column(let column):
        guard let found = cell(column), !found.text.isEmpty,
          !entry.nullValues.contains(where: { found.text.buffer.elementsEqual($0) })
        else { continue }
        return write(found, field, entry)
      }
    }
    guard let fallback = field.fallback, !fallback.isEmpty else { return nil }
    scratch = fallback
    return writeScratch(field, entry)
  }

  private mutating func writeScratch(_ field: Field, _ entry: Entry) -> Complaint? {
    let text = scratch
    return text.withUnsafeBytes { write(Cell(text: BorrowedBytes($0)), field, entry) }
  }

  private mutating func write(_ cell: Cell, _ field: Field, _ entry: Entry) -> Complaint? {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(contentsOf: field.key)
    switch field.role {
    case .time: return writeTime(cell, field)
    case .amount: return writeAmount(cell, field, entry)
    case .integer where !cell.isJSON && RecordMapper.isInteger(cell.text):
      bytes.append(contentsOf: cell.text.buffer)
    case .boolean where !cell.isJSON:
      switch RecordMapper.truth(cell.text) {
      case true?: bytes.append("true")
      case false?: bytes.append("false")
      case nil: bytes.appendJSONString(cell.text)
      }
    default: writePlain(cell)
    }
    return nil
  }

  private mutating func writePlain(_ cell: Cell) {
    if cell.isJSON {
      bytes.append(contentsOf: cell.text.buffer)
    } else {
      bytes.appendJSONString(cell.text)
    }
  }

  private mutating func writeTime(_ cell: Cell, _ field: Field) -> Complaint? {
    guard let form = field.time else {
      if !cell.isJSON, RecordMapper.isInteger(cell.text) {
        bytes.append(contentsOf: cell.text.buffer)
      } else {
        writePlain(cell)
      }
      return nil
    }
    guard let time = form.read(cell.text) else {
      writeInBrackets(cell)
      let text = cell.text.string
      return Complaint(
        field: field.name, problem: "\(ShownText.quoted(text)) is not a time \(form.description)",
        advice: .time(text, isMapped: true))
    }
    bytes.appendDecimal(time)
    return nil
  }

  private mutating func writeAmount(_ cell: Cell, _ field: Field, _ entry: Entry) -> Complaint? {
    guard let amounts = entry.amounts, !cell.isJSON else {
      writePlain(cell)
      return nil
    }
    bytes.append(UInt8(ascii: "\""))
    let start = bytes.count
    if amounts.append(cell.text, to: &bytes) {
      bytes.append(UInt8(ascii: "\""))
      return nil
    }
    bytes.removeSubrange((start - 1)...)
    writeInBrackets(cell)
    let text = cell.text.string
    return Complaint(
      field: field.name, problem: "\(ShownText.quoted(text)) is not an amount",
      advice: amounts.advice(text))
  }

  /// A value that is none for its field.
  private mutating func writeInBrackets(_ cell: Cell) {
    bytes.append(UInt8(ascii: "["))
    writePlain(cell)
    bytes.append(UInt8(ascii: "]"))
  }

  /// Whether the text is an integer as JSON writes it.
  private static func isInteger(_ text: BorrowedBytes) -> Bool {
    let start = text[0] == UInt8(ascii: "-") ? 1 : 0
    guard text.count > start else { return false }
    for index in start..<text.count where !(0x30...0x39).contains(text[index]) { return false }
    return text[start] != 0x30 || text.count == start + 1
  }

  /// What a table's text says as a truth value; nil if nothing.
  private static func truth(_ text: BorrowedBytes) -> Bool? {
    guard text.count <= 5 else { return nil }
    switch text.string.lowercased() {
    case "true", "t", "yes", "y", "1": return true
    case "false", "f", "no", "n", "0": return false
    default: return nil
    }
  }
}
