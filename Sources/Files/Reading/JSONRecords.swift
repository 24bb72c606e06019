// Safety: lends bytes of its stream's buffer, or of `pieces`, for one call.

/// A file with one JSON object per line, or one array of objects, told by its first character.
///
/// Of a record longer than any may be, only the beginning is kept.
final class JSONRecords: RecordSource {
  private var stream: ByteStream
  private let name: String
  private var line = 1
  /// Whether the file is an array; nil before its first record.
  private var isArray: Bool?
  private var hasEnded = false
  /// A record that was not in one piece.
  private var pieces: [UInt8] = []

  init(_ source: any ByteSource, name: String) throws {
    stream = try ByteStream(source, name: name)
    self.name = name
  }

  var consumed: Int64 { stream.consumed }
  var warning: String? { stream.warning }

  func next(_ body: (FileRecord) throws -> Void) throws -> Bool {
    if isArray == nil { isArray = try beginArray() }
    return isArray == true ? try nextElement(body) : try nextLine(body)
  }

  // MARK: Lines

  /// Lends the next line that is not blank, without its end.
  private func nextLine(_ body: (FileRecord) throws -> Void) throws -> Bool {
    while try stream.fill() {
      let own = line
      line += 1
      let count = stream.countBeforeLineFeed
      let available = stream.available
      if count < available.count {
        let text = trimmed(UnsafeRawBufferPointer(rebasing: available[..<count]))
        stream.skip(count + 1)
        guard !text.isEmpty else { continue }
        try body(FileRecord(bytes: text, line: own))
        return true
      }
      try gather()
      let isBlank = pieces.withUnsafeBytes { trimmed($0).isEmpty }
      if isBlank { continue }
      try pieces.withUnsafeBytes { try body(FileRecord(bytes: trimmed($0), line: own)) }
      return true
    }
    return false
  }

  /// Collects the rest of a line from as many reads as it takes.
  private func gather() throws {
    pieces.removeAll(keepingCapacity: true)
    while try stream.fill() {
      let count = stream.countBeforeLineFeed
      let available = stream.available
      keep(UnsafeRawBufferPointer(rebasing: available[..<count]))
      stream.skip(min(count + 1, available.count))
      if count < available.count { return }
    }
  }

  private func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var end = text.count
    while end > 0, isBlank(text[end - 1]) || text[end - 1] == 0x0A { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: text[..<end])
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }

  // MARK: The elements of one array

  /// Steps over the bracket that opens an array, if the file begins with one.
  private func beginArray() throws -> Bool {
    var blankLines = 0
    while try stream.fill() {
      let byte = stream.first
      if byte == UInt8(ascii: "[") {
        stream.skip(1)
        line += blankLines
        return true
      }
      guard isBlank(byte) || byte == 0x0A else { break }
      if byte == 0x0A { blankLines += 1 }
      stream.skip(1)
    }
    line += blankLines
    return false
  }

  /// Lends the next element. Throws `FileError` where nobody knows where an element begins or ends.
  private func nextElement(_ body: (FileRecord) throws -> Void) throws -> Bool {
    guard !hasEnded else { return false }
    guard var byte = try skipBlanks() else { throw cutOff }
    if pieces.isEmpty, byte == UInt8(ascii: "]") { return try endArray() }
    if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
      throw FileError("\(name):\(line): a value of the array is missing")
    }
    let own = line
    try gatherElement()
    try pieces.withUnsafeBytes { try body(FileRecord(bytes: trimmed($0), line: own)) }
    guard let next = try skipBlanks() else { throw cutOff }
    byte = next
    guard byte == UInt8(ascii: ",") else {
      _ = try endArray()
      return true
    }
    stream.skip(1)
    return true
  }

  private var cutOff: FileError {
    FileError("\(name) is cut off: the array that it begins with does not end")
  }

  /// Steps over the bracket that closes the array, behind which there must be nothing.
  private func endArray() throws -> Bool {
    stream.skip(1)
    hasEnded = true
    guard try skipBlanks() == nil else {
      throw FileError("\(name):\(line): something stands behind the end of the array")
    }
    return false
  }

  /// The next byte that is no blank, which stays; nil at the end.
  private func skipBlanks() throws -> UInt8? {
    while try stream.fill() {
      let byte = stream.first
      guard isBlank(byte) || byte == 0x0A else { return byte }
      if byte == 0x0A { line += 1 }
      stream.skip(1)
    }
    return nil
  }

  /// Collects an element up to the comma or bracket behind it. Whether it is well formed is not looked at.
  private func gatherElement() throws {
    pieces.removeAll(keepingCapacity: true)
    let start = line
    var depth = 0
    var isInString = false
    var isEscaped = false
    while try stream.fill() {
      let bytes = stream.available
      var count = 0
      var isOver = false
      while count < bytes.count {
        let byte = bytes[count]
        if byte == 0x0A { line += 1 }
        if isInString {
          if isEscaped {
            isEscaped = false
          } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
          } else if byte == UInt8(ascii: "\"") {
            isInString = false
          }
        } else {
          switch byte {
          case UInt8(ascii: "\""): isInString = true
          case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
          case UInt8(ascii: "}"): depth -= 1
          case UInt8(ascii: "]"):
            if depth == 0 { isOver = true } else { depth -= 1 }
          case UInt8(ascii: ","): isOver = depth <= 0
          default: break
          }
        }
        if isOver { break }
        count += 1
      }
      keep(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      stream.skip(count)
      if isOver { return }
    }
    throw FileError("\(name) is cut off: the value that begins on line \(start) does not end")
  }

  private func keep(_ bytes: UnsafeRawBufferPointer) {
    pieces.append(contentsOf: bytes.prefix(max(0, RecordLimit.kept - pieces.count)))
  }
}
