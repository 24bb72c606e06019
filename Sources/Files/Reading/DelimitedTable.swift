// Safety: lends bytes of its own arrays for one call.

import Attribution

/// A CSV or TSV file. Its first row names the columns, unless the mapping names them by their numbers.
final class DelimitedTable: RecordSource {
  private var rows: DelimitedRows
  private var mapper: RecordMapper
  private var place: RowPlace?
  private let columnCount: Int
  /// Whether the row that has been read is the first record.
  private var isRowWaiting: Bool
  private let columnsSource: String

  /// - Parameters:
  ///   - name: of the file, for errors.
  ///   - delimiter: nil for a comma, or what the file says.
  init(
    _ source: any ByteSource, shape: FileShape, currency: String, name: String, delimiter: UInt8?
  ) throws {
    var rows = try DelimitedRows(
      source, name: name, delimiter: shape.delimiter ?? delimiter, skipLines: shape.skipLines)
    let isPositional = shape.isPositional
    guard try rows.next() else {
      throw FileError("\(name) is empty: it has no \(isPositional ? "rows" : "header")")
    }
    var header =
      isPositional
      ? TableHeader(columnCount: rows.ends.count, of: name)
      : TableHeader(DelimitedTable.texts(rows), of: name, isCaseSensitive: true)
    do {
      mapper = try RecordMapper(shape, currency: currency, table: name, &header)
    } catch let missing as MissingColumn {
      let advice = try HeaderAdvice(shape, header, missing).advice(&rows)
      throw missing.error(header, advice: advice)
    }
    place = shape.usesPlace ? RowPlace() : nil
    columnCount = header.names.count
    // A digest is of the whole row, whichever columns are used.
    if place == nil {
      let used = mapper.usedColumns
      rows.isWanted = (0..<columnCount).map { used.contains($0) }
    }
    isRowWaiting = isPositional
    columnsSource = isPositional ? "the first row" : "the header"
    self.rows = rows
  }

  /// The fields of a row as text.
  static func texts(_ rows: borrowing DelimitedRows) -> [String] {
    rows.ends.indices.map { String(decoding: rows.text[rows.range($0)], as: UTF8.self) }
  }

  var consumed: Int64 { rows.consumed }
  var warning: String? { rows.warning }

  func next(_ body: (FileRecord) throws -> Void) throws -> Bool {
    while try isRowWaiting || rows.next() {
      isRowWaiting = false
      rows.text.withUnsafeBytes { place?.advance($0, ends: rows.ends) }
      if let complaint {
        // With the complaint before it, no row can pass for a JSON object.
        let bytes = Array("\(complaint.problem): ".utf8) + rows.text
        try bytes.withUnsafeBytes {
          try body(FileRecord(bytes: $0, line: rows.line, complaint: complaint))
        }
        return true
      }
      if rows.text.count >= RecordLimit.kept {
        try rows.text.withUnsafeBytes { try body(FileRecord(bytes: $0, line: rows.line)) }
        return true
      }
      switch map() {
      case .event(let complaint):
        try mapper.bytes.withUnsafeBytes {
          try body(FileRecord(bytes: $0, line: rows.line, complaint: complaint))
        }
        return true
      case .skipped(isFiltered: true):
        try body(
          FileRecord(bytes: .init(start: nil, count: 0), line: rows.line, isFiltered: true))
        return true
      case .skipped(isFiltered: false): continue
      }
    }
    return false
  }

  private func map() -> RecordMapper.Outcome {
    let line = rows.line
    return rows.text.withUnsafeBytes { text in
      mapper.map {
        place?.append(line: line, to: &$0)
      } cell: { column in
        let bytes = UnsafeRawBufferPointer(rebasing: text[rows.range(column)])
        return bytes.isEmpty ? nil : Cell(text: BorrowedBytes(bytes))
      }
    }
  }

  private var complaint: Complaint? {
    if let flaw = rows.flaw { return Complaint(problem: flaw.rawValue) }
    let count = rows.ends.count
    guard count != columnCount else { return nil }
    return Complaint(
      problem: "\(count) fields, but \(columnsSource) has \(columnCount)",
      advice: count > columnCount
        ? .text("a value with the delimiter in it must stand in quotes") : nil)
  }
}
