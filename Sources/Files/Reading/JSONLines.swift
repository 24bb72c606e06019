// Safety: lends bytes of its stream's buffer, or of `pieces`, for one call.

/// A file with one JSON object per line. Blank lines are skipped; a record's bytes are its line's,
/// without the line's end.
///
/// Of a line longer than any record may be, only the beginning is kept.
final class JSONLines: RecordSource {
  private var stream: ByteStream
  private var line = 0
  /// A line that was not in one piece.
  private var pieces: [UInt8] = []

  init(_ source: any ByteSource, name: String) throws {
    stream = try ByteStream(source, name: name)
  }

  var consumed: Int64 { stream.consumed }

  func next(_ body: (FileRecord) throws -> Void) throws -> Bool {
    while try stream.fill() {
      line += 1
      let count = stream.countBeforeLineFeed
      let available = stream.available
      if count < available.count {
        let text = trimmed(UnsafeRawBufferPointer(rebasing: available[..<count]))
        stream.skip(count + 1)
        guard !text.isEmpty else { continue }
        try body(FileRecord(bytes: text, line: line))
        return true
      }
      try gather()
      let isBlank = pieces.withUnsafeBytes { trimmed($0).isEmpty }
      if isBlank { continue }
      try pieces.withUnsafeBytes { try body(FileRecord(bytes: trimmed($0), line: line)) }
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
      let room = RecordLimit.kept - pieces.count
      pieces.append(contentsOf: available[..<min(count, room)])
      stream.skip(min(count + 1, available.count))
      if count < available.count { return }
    }
  }

  private func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var end = text.count
    while end > 0, isBlank(text[end - 1]) { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: text[..<end])
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }
}
