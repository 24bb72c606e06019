// Safety: values are lent from a record for the length of one call, or from the scanner's memory, which is
// recycled behind it. The quotes around a string's text belong to the record.

import Attribution
import Codec
import Configuration

/// A file of JSON objects whose fields stand under other names.
final class MappedJSON: RecordSource {
  private let records: JSONRecords
  private let scanner: JSONPathScanner
  private var mapper: RecordMapper
  private var place: RowPlace?

  /// - Parameter name: of the file, for errors.
  init(_ records: JSONRecords, shape: FileShape, currency: String, name: String) throws {
    self.records = records
    var paths = JSONPaths()
    mapper = try RecordMapper(shape, currency: currency, table: name, &paths)
    scanner = JSONPathScanner(paths.tree)
    place = shape.usesPlace ? RowPlace() : nil
  }

  var consumed: Int64 { records.consumed }
  var warning: String? { records.warning }

  func next(_ body: (FileRecord) throws -> Void) throws -> Bool {
    var isLent = false
    while !isLent {
      let isMore = try records.next { isLent = try take($0, body) }
      guard isMore else { return false }
    }
    return true
  }

  /// Lends what becomes of a record; returns whether something does.
  private func take(_ record: FileRecord, _ body: (FileRecord) throws -> Void) throws -> Bool {
    place?.advance(record.bytes)
    guard record.bytes.count <= EventDecoder.maximumRecordSize,
      scanner.locate(BorrowedBytes(record.bytes))
    else {
      try body(record)
      return true
    }
    defer { scanner.values.arena.recycle() }
    let outcome = mapper.map {
      place?.append(line: record.line, to: &$0)
    } cell: {
      cell($0)
    }
    switch outcome {
    case .event(let complaint):
      try mapper.bytes.withUnsafeBytes {
        try body(FileRecord(bytes: $0, line: record.line, complaint: complaint))
      }
      return true
    case .skipped(isFiltered: true):
      try body(
        FileRecord(bytes: .init(start: nil, count: 0), line: record.line, isFiltered: true))
      return true
    case .skipped(isFiltered: false): return false
    }
  }

  private func cell(_ slot: Int) -> Cell? {
    guard let span = scanner.values[slot]?.span else { return nil }
    switch span.kind {
    case .null: return nil
    case .string: return Cell(text: span.text)
    case .escapedString: return Cell(text: scanner.values.arena.unescape(span.text))
    case .brokenString:
      let quoted = BorrowedBytes(start: span.text.start - 1, count: span.text.count + 2)
      return Cell(text: quoted, isJSON: true)
    case .number, .boolean, .array, .object: return Cell(text: span.text, isJSON: true)
    // Only readers of events make times.
    case .time: return nil
    }
  }
}

/// Paths into JSON objects; each may lead somewhere.
private struct JSONPaths: ColumnFinder {
  private(set) var tree = PathTree()

  mutating func column(at steps: [FieldPath.Step]) throws(FileError) -> Int? {
    tree.insert(
      steps.map { step in
        switch step {
        case .name(let name): .name(name)
        case .element(let name, let value): .element(name: name, value: value)
        }
      })
  }

  mutating func column(named text: String) throws(FileError) -> Int? {
    let path: FieldPath
    do throws(FieldPath.Fault) { path = try FieldPath(text: text) } catch {
      throw FileError("--map: a path \(error.problem); \(error.advice)")
    }
    guard case .value(let steps) = path else {
      throw FileError("--map: a path cannot be \(text); write one into the object")
    }
    return try column(at: steps)
  }
}
