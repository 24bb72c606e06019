// Safety: lends bytes of its own arrays for one call.

import Attribution

/// A CSV or TSV file whose first row names the columns.
final class DelimitedTable: RecordSource {
  private var rows: DelimitedRows
  private var encoder: RowEncoder
  private let columnCount: Int

  /// - Parameter name: of the file, for errors.
  init(
    _ source: any ByteSource, kind: EventKind, map: ColumnMap, name: String, delimiter: UInt8
  ) throws {
    var rows = try DelimitedRows(source, name: name, delimiter: delimiter)
    guard try rows.next() else { throw FileError("\(name) is empty: it has no header") }
    let header = rows.ends.indices.map {
      String(decoding: rows.text[rows.range($0)], as: UTF8.self)
    }
    let bindings = try map.bind(kind, to: header, of: name)
    encoder = RowEncoder(bindings, columnCount: header.count)
    rows.isWanted = encoder.isUsed
    columnCount = header.count
    self.rows = rows
  }

  var consumed: Int64 { rows.consumed }

  func next(_ body: (FileRecord) throws -> Void) throws -> Bool {
    guard try rows.next() else { return false }
    if let complaint {
      // With the complaint before it, no row can pass for a JSON object.
      let bytes = Array("\(complaint): ".utf8) + rows.text
      try bytes.withUnsafeBytes {
        try body(FileRecord(bytes: $0, line: rows.line, complaint: complaint))
      }
    } else if rows.text.count >= RecordLimit.kept {
      try rows.text.withUnsafeBytes { try body(FileRecord(bytes: $0, line: rows.line)) }
    } else {
      encode()
      try encoder.bytes.withUnsafeBytes { try body(FileRecord(bytes: $0, line: rows.line)) }
    }
    return true
  }

  private func encode() {
    rows.text.withUnsafeBytes { text in
      encoder.encode { column in
        BorrowedBytes(UnsafeRawBufferPointer(rebasing: text[rows.range(column)]))
      }
    }
  }

  private var complaint: String? {
    if let flaw = rows.flaw { return flaw.rawValue }
    guard rows.ends.count != columnCount else { return nil }
    return "\(rows.ends.count) fields, but the header has \(columnCount)"
  }
}
