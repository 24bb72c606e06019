// Safety: bytes are lent by the caller for one call and read through `AvroCursor`, which stays within their bounds.

import Attribution

/// An Avro type, as far as published records have it: what their writer's schema says.
public indirect enum PublishedShape: Sendable {
  case text
  /// An `int` or a `long`.
  case number
  case flag
  /// `timestamp-millis`.
  case time
  /// A decimal with six digits behind the point.
  case amount
  case list(PublishedShape)
  /// A union with null.
  ///
  /// - Parameter null: the number of that branch.
  case optional(PublishedShape, null: Int64)
  case record([Field])

  public struct Field: Sendable {
    var name: String
    var shape: PublishedShape

    public init(name: String, shape: PublishedShape) {
      self.name = name
      self.shape = shape
    }
  }
}

extension PublishedShape {
  /// Appends an Avro record, without its frame, as the JSON that would have been written in its place: byte for byte, but
  /// for the order of dimensions, which is the schema's.
  ///
  /// - Throws: `UnreadableRecord` where the bytes are not of this shape.
  public func transcribe(
    _ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]
  ) throws(UnreadableRecord) {
    var cursor = AvroCursor(bytes)
    try transcribe(&cursor, of: "", into: &output)
    guard cursor.isAtEnd else { throw AvroCursor.broken }
  }

  /// - Parameter name: of the field that it is.
  private func transcribe(
    _ cursor: inout AvroCursor, of name: String, into output: inout [UInt8]
  ) throws(UnreadableRecord) {
    switch self {
    case .text: output.put(json: try cursor.text())
    case .number: output.put(decimal: try cursor.long())
    case .flag: output.put(try cursor.flag() ? "true" : "false")
    case .time:
      let time = try cursor.long()
      guard (Time.earliest...Time.latest).contains(time) else { throw AvroCursor.broken }
      if Self.wholeSeconds.contains(name) {
        output.put(jsonSeconds: time)
      } else {
        output.put(jsonMilliseconds: time)
      }
    case .amount: output.put(jsonDecimal: try cursor.decimal())
    case .list(let items): try transcribe(list: items, &cursor, into: &output)
    case .optional(let shape, let null):
      if try cursor.branch() == null { return output.put("null") }
      try shape.transcribe(&cursor, of: name, into: &output)
    case .record(let fields): try transcribe(fields, &cursor, into: &output)
    }
  }

  private func transcribe(
    list items: PublishedShape, _ cursor: inout AvroCursor, into output: inout [UInt8]
  ) throws(UnreadableRecord) {
    output.put(ASCII.openBracket)
    var isFirst = true
    while case let count = try cursor.blockLength(), count > 0 {
      for _ in 0..<count {
        if !isFirst { output.put(ASCII.comma) }
        isFirst = false
        try items.transcribe(&cursor, of: "", into: &output)
      }
    }
    output.put(ASCII.closeBracket)
  }

  /// JSON leaves out what is null, but for the watermark, and flags that are rarely set.
  private func transcribe(
    _ fields: [Field], _ cursor: inout AvroCursor, into output: inout [UInt8]
  ) throws(UnreadableRecord) {
    output.put(ASCII.openBrace)
    var isFirst = true
    for field in fields {
      let start = output.count
      if !isFirst { output.put(ASCII.comma) }
      output.put(json: field.name)
      output.put(ASCII.colon)
      let valueStart = output.count
      try field.shape.transcribe(&cursor, of: field.name, into: &output)
      let value = output[valueStart...]
      let isLeftOut =
        field.name != "watermark" && value.elementsEqual("null".utf8)
        || Self.rareFlags.contains(field.name) && value.elementsEqual("false".utf8)
      if isLeftOut {
        output.removeSubrange(start...)
      } else {
        isFirst = false
      }
    }
    output.put(ASCII.closeBrace)
  }

  private static let wholeSeconds: Set<String> = ["window_start", "window_end"]
  private static let rareFlags: Set<String> = ["truncated", "deleted"]
}

/// Reads values in Avro's binary encoding one after the other.
private struct AvroCursor {
  static let broken = UnreadableRecord("the record's bytes are not of its Avro schema")

  private var rest: UnsafeRawBufferPointer
  /// Elements that may still be read: of those without bytes a record could claim any number.
  private var elementsLeft: Int

  init(_ bytes: UnsafeRawBufferPointer) {
    rest = bytes
    elementsLeft = bytes.count
  }

  var isAtEnd: Bool { rest.isEmpty }

  private mutating func take(_ count: Int64) throws(UnreadableRecord) -> BorrowedBytes {
    guard count >= 0, count <= Int64(rest.count) else { throw Self.broken }
    let taken = BorrowedBytes(UnsafeRawBufferPointer(rebasing: rest[..<Int(count)]))
    rest = UnsafeRawBufferPointer(rebasing: rest[Int(count)...])
    return taken
  }

  mutating func long() throws(UnreadableRecord) -> Int64 {
    var value: UInt64 = 0
    for (index, byte) in rest.prefix(10).enumerated() {
      guard index < 9 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte < 0x80 {
        rest = UnsafeRawBufferPointer(rebasing: rest[(index + 1)...])
        return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
      }
    }
    throw Self.broken
  }

  mutating func text() throws(UnreadableRecord) -> BorrowedBytes {
    let text = try take(try long())
    guard text.isUTF8 else { throw Self.broken }
    return text
  }

  mutating func flag() throws(UnreadableRecord) -> Bool {
    let byte = try take(1)[0]
    guard byte <= 1 else { throw Self.broken }
    return byte == 1
  }

  /// A branch of a union of two.
  mutating func branch() throws(UnreadableRecord) -> Int64 {
    let branch = try long()
    guard branch == 0 || branch == 1 else { throw Self.broken }
    return branch
  }

  mutating func decimal() throws(UnreadableRecord) -> MicrosSum {
    let bytes = try take(try long())
    guard (1...16).contains(bytes.count) else { throw Self.broken }
    var value: Int128 = bytes[0] & 0x80 == 0 ? 0 : -1
    for index in 0..<bytes.count { value = value << 8 | Int128(bytes[index]) }
    return value
  }

  mutating func blockLength() throws(UnreadableRecord) -> Int {
    var count = try long()
    if count < 0 {
      // The block's size in bytes follows, for readers that pass over it.
      _ = try long()
      guard count != .min else { throw Self.broken }
      count = -count
    }
    guard count <= Int64(elementsLeft) else { throw Self.broken }
    elementsLeft -= Int(count)
    return Int(count)
  }
}
