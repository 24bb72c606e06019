// Safety: scans its stream's bytes within their count, and keeps no pointer to them.

/// The rows of a CSV or TSV file, as RFC 4180 has them: fields may be quoted, and then hold
/// delimiters, line ends and doubled quotes. Lines end in LF or CRLF. Bounded memory: of a row that
/// is longer than any record may be, only the beginning is kept.
struct DelimitedRows: ~Copyable {
  /// Why a row is none.
  enum Flaw: String {
    case textAfterQuote = "text follows a closing quote"
  }

  private var stream: ByteStream
  private let name: String
  let delimiter: UInt8
  private var lineFeeds = 0

  /// The line where the row begins; from 1.
  private(set) var line = 0
  /// The values of the row's fields, one after another; those of fields that are not wanted are empty.
  private(set) var text: [UInt8] = []
  /// Where in `text` each field ends.
  private(set) var ends: [Int] = []
  private(set) var flaw: Flaw?
  /// Which fields to keep; nil: all.
  var isWanted: [Bool]?

  /// - Parameters:
  ///   - name: of the file, for errors.
  ///   - skipLines: passed over before the first row.
  init(_ source: any ByteSource, name: String, delimiter: UInt8, skipLines: Int = 0) throws {
    var stream = try ByteStream(source, name: name)
    for _ in 0..<skipLines { lineFeeds += try DelimitedRows.skipLine(&stream) }
    self.stream = stream
    self.name = name
    self.delimiter = delimiter
  }

  /// - Parameter delimiter: nil for a comma, or what a first line such as `sep=;` says, which Excel reads
  ///   and which is no row in any case.
  init(
    _ source: any ByteSource, name: String, delimiter: UInt8?, skipLines: Int
  ) throws {
    let text = PeekedBytes(try TextBytes.of(source, name: name))
    let said = skipLines == 0 ? DelimitedRows.saidDelimiter(try text.peek(7)) : nil
    try self.init(
      text, name: name, delimiter: delimiter ?? said ?? UInt8(ascii: ","),
      skipLines: said == nil ? skipLines : 1)
  }

  private static func saidDelimiter(_ start: ArraySlice<UInt8>) -> UInt8? {
    let bytes = Array(start)
    guard bytes.count >= 6, bytes.starts(with: Array("sep=".utf8)),
      bytes[5] == 0x0A || bytes[5] == 0x0D
    else { return nil }
    return bytes[4]
  }

  /// Steps over a line; returns how many line feeds it had.
  private static func skipLine(_ stream: inout ByteStream) throws -> Int {
    while try stream.fill() {
      let count = stream.countBeforeLineFeed
      let hasEnd = count < stream.available.count
      stream.skip(hasEnd ? count + 1 : count)
      if hasEnd { return 1 }
    }
    return 0
  }

  var consumed: Int64 { stream.consumed }
  var warning: String? { stream.warning }

  /// The bounds of a field in `text`.
  func range(_ field: Int) -> Range<Int> { (field == 0 ? 0 : ends[field - 1])..<ends[field] }

  /// Reads the next row that is not blank; false at the end. Throws `FileError` when a quote is never
  /// closed: nobody knows where the rows behind it begin.
  mutating func next() throws -> Bool {
    while try stream.fill() {
      line = lineFeeds + 1
      text.removeAll(keepingCapacity: true)
      ends.removeAll(keepingCapacity: true)
      flaw = nil
      var isBlank = true
      while try readField(&isBlank) {}
      if !isBlank { return true }
    }
    return false
  }

  private enum End { case field, row }

  /// Reads one field; returns whether another follows in the row.
  private mutating func readField(_ isBlank: inout Bool) throws -> Bool {
    let isKept = isWanted.map { ends.count < $0.count && $0[ends.count] } ?? true
    if try stream.fill(), stream.first == UInt8(ascii: "\"") {
      isBlank = false
      stream.skip(1)
      try readQuoted(isKept)
    }
    let start = text.count
    let end = try readPlain(isKept)
    if case .field = end { isBlank = false }
    if text.count > start { isBlank = false }
    ends.append(text.count)
    if case .field = end { return true }
    return false
  }

  /// Reads up to and with the quote that closes a field.
  private mutating func readQuoted(_ isKept: Bool) throws {
    let opened = lineFeeds + 1
    while try stream.fill() {
      let bytes = stream.available
      var count = 0
      while count < bytes.count, bytes[count] != UInt8(ascii: "\"") {
        if bytes[count] == 0x0A { lineFeeds += 1 }
        count += 1
      }
      if isKept { keep(bytes[..<count]) }
      stream.skip(count)
      guard count < bytes.count else { continue }
      stream.skip(1)
      guard try stream.fill(), stream.first == UInt8(ascii: "\"") else {
        try checkBehindQuote()
        return
      }
      if isKept { keep(bytes: UInt8(ascii: "\"")) }
      stream.skip(1)
    }
    throw FileError(
      "\(name):\(opened): a quote that opens on this line is never closed; a value that begins with a quote "
        + "must end with one, and have those within it doubled")
  }

  private mutating func checkBehindQuote() throws {
    guard try stream.fill() else { return }
    let byte = stream.first
    if byte != delimiter, byte != 0x0A, byte != 0x0D { flaw = .textAfterQuote }
  }

  /// Reads up to and with what ends a field that is not, or no longer, quoted.
  private mutating func readPlain(_ isKept: Bool) throws -> End {
    while try stream.fill() {
      let bytes = stream.available
      var count = 0
      while count < bytes.count {
        let byte = bytes[count]
        if byte == delimiter || byte == 0x0A || byte == 0x0D { break }
        count += 1
      }
      if isKept { keep(bytes[..<count]) }
      guard count < bytes.count else {
        stream.skip(count)
        continue
      }
      let byte = bytes[count]
      stream.skip(count + 1)
      if byte == delimiter { return .field }
      if byte == 0x0A {
        lineFeeds += 1
        return .row
      }
      // A carriage return ends the line only together with the line feed behind it.
      guard try stream.fill() else { return .row }
      if stream.first == 0x0A {
        stream.skip(1)
        lineFeeds += 1
        return .row
      }
      if isKept { keep(bytes: byte) }
    }
    return .row
  }

  private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
    text.append(contentsOf: bytes.prefix(max(0, RecordLimit.kept - text.count)))
  }

  private mutating func keep(bytes byte: UInt8) {
    if text.count < RecordLimit.kept { text.append(byte) }
  }
}
