// Safety: the record is read only during `decode`, through spans that the scanner made inside it (see EventDecoder.swift).

import Attribution

/// Finding the fields of a record.
extension EventDecoder {
  /// Checks the whole record and notes the last value of each field; nil when malformed.
  @inline(__always)
  func locateFields(_ record: BorrowedBytes) -> EventFields? {
    var present = EventFields()
    var scanner = JSONScanner(record, nesting: memory.nesting)
    var place = 0
    var isFirst = true
    repeat {
      let field: EventField
      if let known = memory.keys.step(&scanner, &place, isFirst: isFirst) {
        field = known
      } else {
        switch nextKey(&scanner, &place, isFirst: isFirst) {
        case .field(let found): field = found
        case .end: return isAtEnd(&scanner) ? present : nil
        case .malformed: return nil
        }
      }
      // Most values are strings: no call for those.
      let isString = scanner.peek == ASCII.quote
      guard let value = isString ? scanner.string() : scanner.value() else { return nil }
      memory.spans[Int(field.rawValue)] = value
      present.insert(field)
      isFirst = false
    } while !scanner.take(ASCII.closeBrace)
    return isAtEnd(&scanner) ? present : nil
  }

  private enum Member {
    case field(EventField)
    case end
    case malformed
  }

  /// Scans what stands before a value, or at the end of the object, and learns it.
  @inline(never)
  private func nextKey(
    _ scanner: inout JSONScanner, _ place: inout Int, isFirst: Bool
  ) -> Member {
    let start = scanner.cursor
    scanner.skipWhitespace()
    if !isFirst && scanner.take(ASCII.closeBrace) { return .end }
    guard scanner.take(isFirst ? ASCII.openBrace : ASCII.comma) else { return .malformed }
    scanner.skipWhitespace()
    if isFirst && scanner.take(ASCII.closeBrace) { return .end }
    guard let key = scanner.key() else { return .malformed }
    let field =
      switch key.kind {
      case .string: memory.field(name: key.text)
      case .escapedString: memory.field(escapedName: key.text)
      default: EventField.unknown
      }
    memory.keys.learn(from: start, to: scanner.cursor, field, &place, isFirst: isFirst)
    return .field(field)
  }

  @inline(__always)
  private func isAtEnd(_ scanner: inout JSONScanner) -> Bool {
    scanner.skipWhitespace()
    return scanner.isAtEnd
  }
}
