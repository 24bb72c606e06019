// Safety: `cursor` and `end` delimit memory that the caller lends for the scanner's whole life.
// Every read is preceded by a comparison with `end`, in the same function; sixteen-byte reads by a
// comparison of the distance. Nothing is written through these pointers.

import Attribution

/// One pass over a JSON text that checks all of RFC 8259 and of UTF-8, and copies nothing.
///
/// Each function steps over one piece of grammar at the cursor and says whether it was well
/// formed; after a failure the cursor is of no use. Time is linear in the bytes stepped over;
/// there is no recursion and no allocation.
struct JSONScanner {
  var cursor: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  var nesting: JSONNesting

  @inline(__always)
  init(_ text: BorrowedBytes, nesting: JSONNesting) {
    cursor = text.start
    end = text.start + text.count
    self.nesting = nesting
  }

  @inline(__always)
  var isAtEnd: Bool { cursor == end }

  /// The byte at the cursor, nil at the end.
  @inline(__always)
  var peek: UInt8? { cursor < end ? cursor.pointee : nil }

  /// Steps over `byte` if it is next.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard cursor < end, cursor.pointee == byte else { return false }
    cursor += 1
    return true
  }

  @inline(__always)
  mutating func skipWhitespace() {
    while cursor < end, cursor.pointee <= ASCII.space {
      switch cursor.pointee {
      case ASCII.space, ASCII.lineFeed, ASCII.carriageReturn, ASCII.tab: cursor += 1
      default: return
      }
    }
  }

  /// An object's key with the colon and the blanks after it; nil when malformed.
  @inline(__always)
  mutating func key() -> JSONSpan? {
    guard let key = string() else { return nil }
    skipWhitespace()
    guard take(ASCII.colon) else { return nil }
    skipWhitespace()
    return key
  }

  /// Any value; nil when malformed. Containers are checked to their end.
  @inline(__always)
  mutating func value() -> JSONSpan? {
    guard cursor < end else { return nil }
    switch cursor.pointee {
    case ASCII.quote: return string()
    case ASCII.openBrace, ASCII.openBracket: return container()
    default: return scalar()
    }
  }

  /// A number, `true`, `false` or `null`; nil when malformed.
  @inline(__always)
  private mutating func scalar() -> JSONSpan? {
    guard cursor < end else { return nil }
    switch cursor.pointee {
    case ASCII.minus, ASCII.zero...ASCII.nine: return number()
    case UInt8(ascii: "t"): return word("true", .boolean)
    case UInt8(ascii: "f"): return word("false", .boolean)
    case UInt8(ascii: "n"): return word("null", .null)
    default: return nil
    }
  }

  @inline(never)
  private mutating func word(_ word: StaticString, _ kind: JSONKind) -> JSONSpan? {
    let start = cursor
    let count = word.utf8CodeUnitCount
    guard end - cursor >= count else { return nil }
    for index in 0..<count where cursor[index] != word.utf8Start[index] { return nil }
    cursor += count
    return JSONSpan(kind, from: start, to: cursor)
  }

  @inline(__always)
  private mutating func number() -> JSONSpan? {
    let start = cursor
    _ = take(ASCII.minus)
    guard cursor < end else { return nil }
    if cursor.pointee == ASCII.zero {
      cursor += 1
    } else {
      guard digits() else { return nil }
    }
    if take(ASCII.point) {
      guard digits() else { return nil }
    }
    if cursor < end, cursor.pointee | 0x20 == UInt8(ascii: "e") {
      cursor += 1
      if !take(ASCII.plus) { _ = take(ASCII.minus) }
      guard digits() else { return nil }
    }
    return JSONSpan(.number, from: start, to: cursor)
  }

  /// Steps over digits; false when there is none.
  @inline(__always)
  private mutating func digits() -> Bool {
    let start = cursor
    while cursor < end, ASCII.isDigit(cursor.pointee) { cursor += 1 }
    return cursor > start
  }

  /// An array or object with everything in it.
  ///
  /// A loop with a bit per open container: at the top a value is expected; below it one has ended.
  @inline(never)
  private mutating func container() -> JSONSpan? {
    let start = cursor
    let kind: JSONKind = cursor.pointee == ASCII.openBrace ? .object : .array
    let outerDepth = nesting.depth

    nextValue: while true {
      guard cursor < end else { return nil }
      switch cursor.pointee {
      case ASCII.quote:
        guard string() != nil else { return nil }
      case ASCII.openBrace:
        cursor += 1
        skipWhitespace()
        if !take(ASCII.closeBrace) {
          guard nesting.push(isObject: true), key() != nil else { return nil }
          continue nextValue
        }
      case ASCII.openBracket:
        cursor += 1
        skipWhitespace()
        if !take(ASCII.closeBracket) {
          guard nesting.push(isObject: false) else { return nil }
          continue nextValue
        }
      default:
        guard scalar() != nil else { return nil }
      }

      while nesting.depth > outerDepth {
        skipWhitespace()
        let isInObject = nesting.isInObject
        if take(ASCII.comma) {
          skipWhitespace()
          if isInObject {
            guard key() != nil else { return nil }
          }
          continue nextValue
        }
        guard take(isInObject ? ASCII.closeBrace : ASCII.closeBracket) else { return nil }
        nesting.pop()
      }
      return JSONSpan(kind, from: start, to: cursor)
    }
  }
}
