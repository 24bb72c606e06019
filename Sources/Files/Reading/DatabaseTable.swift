// Safety: lends bytes of its own array for one call; SQLite's are read before the next step.

import Attribution
import SQLite

/// A table of a SQLite file, in the order in which it lies there.
final class DatabaseTable: RecordSource {
  private let database: SQLiteDatabase
  private let stamp: FileStamp?
  private let fileName: String
  private let statement: SQLiteStatement
  private var mapper: RecordMapper
  private var place: RowPlace?
  private var row = 0
  /// Texts of the row's floating-point numbers, and where in it those of which columns are.
  private var numbers: [UInt8] = []
  private var numberRanges: [Int: Range<Int>] = [:]
  private var digested: [UInt8] = []

  /// - Parameters:
  ///   - path: where the file lies.
  ///   - file: what it is called, for errors.
  init(
    _ path: String, name file: String, table: String, shape: FileShape, currency: String
  ) throws {
    stamp = FileStamp(path)
    fileName = file
    let name = "\(file): table \(table)"
    (database, statement) = try FileError.of(path, name: file) { () throws(SQLiteError) in
      let database = try SQLiteDatabase(path, .asItLies)
      return (database, try database.prepare("SELECT * FROM \(DatabaseTable.quoted(table))"))
    }
    var header = TableHeader(statement.columnNames, of: name, isCaseSensitive: false)
    do {
      mapper = try RecordMapper(shape, currency: currency, table: name, &header)
    } catch let missing as MissingColumn {
      throw missing.error(header)
    }
    place = shape.usesPlace ? RowPlace() : nil
  }

  /// Not known of a database.
  var consumed: Int64 { 0 }

  func next(_ body: (FileRecord) throws -> Void) throws -> Bool {
    while try FileError.of(database.path, name: fileName, statement.step) {
      row += 1
      if place != nil { advancePlace() }
      switch map() {
      case .event(let complaint):
        try mapper.bytes.withUnsafeBytes {
          try body(FileRecord(bytes: $0, line: row, complaint: complaint))
        }
        return true
      case .skipped(isFiltered: true):
        try body(FileRecord(bytes: .init(start: nil, count: 0), line: row, isFiltered: true))
        return true
      case .skipped(isFiltered: false): continue
      }
    }
    // Without locks nobody keeps another process from writing.
    guard database.isLocked || FileStamp(database.path) == stamp else {
      throw FileError("\(fileName) has changed while it was read")
    }
    return false
  }

  private func map() -> RecordMapper.Outcome {
    numbers.removeAll(keepingCapacity: true)
    numberRanges.removeAll(keepingCapacity: true)
    for column in mapper.usedColumns where statement.isReal(Int32(column)) {
      let start = numbers.count
      numbers += RealText.text(statement.real(Int32(column)))
      numberRanges[column] = start..<numbers.count
    }
    return numbers.withUnsafeBytes { numbers in
      mapper.map {
        place?.append(line: row, to: &$0)
      } cell: { column in
        if !numberRanges.isEmpty, let range = numberRanges[column] {
          return Cell(text: BorrowedBytes(UnsafeRawBufferPointer(rebasing: numbers[range])))
        }
        return statement.text(Int32(column)).map { Cell(text: BorrowedBytes($0)) }
      }
    }
  }

  private func advancePlace() {
    digested.removeAll(keepingCapacity: true)
    var ends: [Int] = []
    for column in 0..<statement.columnCount {
      if let text = statement.text(column) { digested.append(contentsOf: text) }
      ends.append(statement.isNull(column) ? -1 : digested.count)
    }
    digested.withUnsafeBytes { place?.advance($0, ends: ends) }
  }

  /// The tables of a database, by name.
  static func names(_ database: SQLiteDatabase) throws(SQLiteError) -> [String] {
    let statement = try database.prepare(
      """
      SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' \
      ESCAPE '\\' ORDER BY name
      """)
    var names: [String] = []
    while try statement.step() {
      names.append(statement.string(0) ?? "")
    }
    return names
  }

  private static func quoted(_ name: String) -> String {
    "\"\(name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }
}

/// Floating-point numbers as the shortest decimal that stands for them, without an exponent.
enum RealText {
  static func text(_ value: Double) -> [UInt8] {
    guard value.isFinite else { return Array("\(value)".utf8) }
    if value == 0 { return [UInt8(ascii: "0")] }
    // "-1.25e-05": the shortest digits that are read back as the same number.
    let parts = "\(value.magnitude)".utf8.split(separator: UInt8(ascii: "e"))
    let mantissa = parts[0].split(separator: UInt8(ascii: "."))
    var digits = Array(mantissa[0])
    var point = digits.count
    if mantissa.count == 2, !mantissa[1].elementsEqual([0x30]) { digits += mantissa[1] }
    if parts.count == 2 { point += Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 }
    var text: [UInt8] = value < 0 ? [UInt8(ascii: "-")] : []
    if point <= 0 {
      text += [0x30, UInt8(ascii: ".")]
      text += repeatElement(0x30, count: -point)
      return text + digits
    }
    if point >= digits.count {
      return text + digits + repeatElement(0x30, count: point - digits.count)
    }
    return text + digits[..<point] + [UInt8(ascii: ".")] + digits[point...]
  }
}
