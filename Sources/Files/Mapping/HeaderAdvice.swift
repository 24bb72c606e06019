import Attribution
import Codec

/// What to do about a table in which a column is missing: the usual mistakes.
struct HeaderAdvice {
  /// How many rows behind the first are looked at.
  private static let lookAhead = 20

  private let shape: FileShape
  private let header: TableHeader
  private let missing: MissingColumn

  init(_ shape: FileShape, _ header: TableHeader, _ missing: MissingColumn) {
    self.shape = shape
    self.header = header
    self.missing = missing
  }

  /// - Parameter rows: stand behind the header.
  func advice(_ rows: inout DelimitedRows) throws -> String? {
    if header.isPositional { return nil }
    if let advice = delimiterAdvice(rows.delimiter) { return advice }
    if header.names.contains(where: { $0.utf8.contains(0x0D) }) {
      return "its lines end in carriage returns alone; end them in line feeds"
    }
    if let line = try lineOfHeader(&rows) {
      return
        "its names seem to stand on line \(line): skip_lines: \(line - 1), or --skip-lines \(line - 1)"
    }
    if looksLikeData {
      return "its first row looks like data: without a header name columns by their numbers, as in "
        + "--map \(missing.field ?? "event_id")=1"
    }
    guard let field = missing.field else { return nil }
    if let name = NameAdvice.similar(to: missing.column, among: header.names)
      ?? NameAdvice.similar(to: field, among: header.names)
    {
      return "it has \(header.list); --map \(field)='\(ShownText.short(name))' if that is it"
    }
    return nil
  }

  private func delimiterAdvice(_ delimiter: UInt8) -> String? {
    guard header.names.count == 1, let text = header.names.first else { return nil }
    let candidates: [(Character, String)] = [
      (";", "\";\""), ("\t", "\"\\t\""), ("|", "\"|\""), (",", "\",\""),
    ]
    for (character, shown) in candidates where character.asciiValue != delimiter {
      guard text.contains(character) else { continue }
      let option = character == "\t" ? "tab" : "'\(character)'"
      return
        "its header seems to be separated by \(shown): delimiter: \(shown), or --delimiter \(option)"
    }
    return nil
  }

  /// The line of a later row that has all columns that are needed.
  private func lineOfHeader(_ rows: inout DelimitedRows) throws -> Int? {
    for _ in 0..<Self.lookAhead {
      guard let isRow = try? rows.next(), isRow else { return nil }
      var later = TableHeader(
        DelimitedTable.texts(rows), of: header.table, isCaseSensitive: true)
      guard later.names.count > 1 else { continue }
      if (try? RecordMapper(shape, currency: "", table: header.table, &later)) != nil {
        return rows.line
      }
    }
    return nil
  }

  /// Whether the names are values: times, numbers, or nothing at all.
  private var looksLikeData: Bool {
    let values = header.names.count { name in
      name.isEmpty || Time.parse(name) != nil || Money.parse(name) != nil
        || TimeAdvice.advice(name, isMapped: false) != nil
    }
    return values * 3 >= header.names.count
  }
}
