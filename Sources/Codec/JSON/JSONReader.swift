// Safety: a reader exists only inside `read`, which lends it the bytes and the working memory for
// the length of one call; what its functions return owns its storage.

import Attribution

/// Reads the records of the output topics, one value after the other, over the event scanner.
///
/// Values come in the order of the text; `object` and `array` call back for each member, and each
/// call must read its value or `skip` it. Linear in the size of the text.
struct JSONReader {
  /// Known fields nest three deep; fields of later versions may nest deeper, up to this.
  private static let nestingWordCount = 8

  private var scanner: JSONScanner

  /// What `body` makes of the one value that `bytes` hold.
  static func read<Value>(
    _ bytes: UnsafeRawBufferPointer, _ body: (inout JSONReader) throws -> Value
  ) throws -> Value {
    try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: nestingWordCount) { words in
      guard let start = words.baseAddress else { throw UnreadableRecord("out of memory") }
      let nesting = JSONNesting(words: start, wordCount: nestingWordCount)
      var reader = JSONReader(scanner: JSONScanner(BorrowedBytes(bytes), nesting: nesting))
      reader.scanner.skipWhitespace()
      let value = try body(&reader)
      reader.scanner.skipWhitespace()
      guard reader.scanner.isAtEnd else { throw malformed }
      return value
    }
  }

  /// Calls `member` with each key, in order, repeated ones too; it must read or skip the value.
  mutating func object(_ member: (inout JSONReader, String) throws -> Void) throws {
    guard scanner.take(ASCII.openBrace) else { throw unexpected("an object") }
    scanner.skipWhitespace()
    if scanner.take(ASCII.closeBrace) { return }
    while true {
      guard let key = scanner.key() else { throw Self.malformed }
      try member(&self, String(key))
      scanner.skipWhitespace()
      if scanner.take(ASCII.closeBrace) { return }
      guard scanner.take(ASCII.comma) else { throw Self.malformed }
      scanner.skipWhitespace()
    }
  }

  /// Calls `element` before each element; it must read or skip it.
  mutating func array(_ element: (inout JSONReader) throws -> Void) throws {
    guard scanner.take(ASCII.openBracket) else { throw unexpected("an array") }
    scanner.skipWhitespace()
    if scanner.take(ASCII.closeBracket) { return }
    while true {
      try element(&self)
      scanner.skipWhitespace()
      if scanner.take(ASCII.closeBracket) { return }
      guard scanner.take(ASCII.comma) else { throw Self.malformed }
      scanner.skipWhitespace()
    }
  }

  /// Steps over any value.
  mutating func skip() throws { _ = try span() }

  mutating func string() throws -> String {
    let span = try span()
    guard span.kind == .string || span.kind == .escapedString else { throw unexpected("a string") }
    return String(span)
  }

  mutating func boolean() throws -> Bool {
    let span = try span()
    guard span.kind == .boolean else { throw unexpected("true or false") }
    return span.text[0] == UInt8(ascii: "t")
  }

  mutating func integer() throws -> Int64 {
    let span = try span()
    guard span.kind == .number, let value = Int64(decimal: span.text) else {
      throw unexpected("a 64-bit integer")
    }
    return value
  }

  /// A decimal string of millionths.
  mutating func decimal() throws -> Int64 {
    let span = try span()
    guard span.kind == .string, let micros = Money.parseSigned(span.text) else {
      throw unexpected("a decimal string")
    }
    return micros
  }

  /// A decimal string of millionths, which may be a sum beyond 64 bits.
  mutating func decimalSum() throws -> MicrosSum {
    let span = try span()
    guard span.kind == .string, let micros = Money.parseSum(span.text) else {
      throw unexpected("a decimal string")
    }
    return micros
  }

  /// An instant, in either form; also the end of the last window of year 9999.
  mutating func time() throws -> Milliseconds {
    guard let time = try optionalTime() else { throw unexpected("a time") }
    return time
  }

  /// As `time`; nil for `null`.
  mutating func optionalTime() throws -> Milliseconds? {
    let span = try span()
    if span.kind == .null { return nil }
    guard span.kind == .string else { throw unexpected("a time") }
    if let time = Time.parse(span.text) { return time }
    // The end of the last window there is.
    guard ["10000-01-01T00:00:00Z", "10000-01-01T00:00:00.000Z"].contains(span.text.string) else {
      throw unexpected("a time")
    }
    return Time.latest + 1
  }

  mutating func span() throws -> JSONSpan {
    guard let span = scanner.value() else { throw Self.malformed }
    return span
  }

  private static let malformed = UnreadableRecord("the record is not well-formed JSON")

  private func unexpected(_ what: String) -> UnreadableRecord {
    UnreadableRecord("the record holds something else where \(what) belongs")
  }
}

extension String {
  /// The text of a JSON string, escapes resolved; of any other value its text.
  init(_ span: JSONSpan) {
    guard span.kind == .escapedString else {
      self = span.text.string
      return
    }
    self.init(unsafeUninitializedCapacity: span.text.count) { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return span.text.unescape(into: start)
    }
  }
}
