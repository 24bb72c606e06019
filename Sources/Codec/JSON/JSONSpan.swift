import Attribution

/// What a span of JSON text is, once the scanner has found it well formed.
package enum JSONKind: UInt8 {
  case null
  case boolean
  case number
  /// A string whose bytes stand for themselves.
  case string
  /// A string that holds at least one backslash, and so must be unescaped before it is used.
  case escapedString
  /// A string with an escape for half of a surrogate pair: well-formed JSON, but no text.
  case brokenString
  case array
  case object
  /// A time that has been read already; see ``JSONSpan/init(time:)``.
  case time
}

/// One well-formed value, or object key, inside a record: where it is and what it is.
///
/// The text of a string leaves out its quotes. A time has none.
package struct JSONSpan {
  package var kind: JSONKind
  package var text: BorrowedBytes

  package init(_ kind: JSONKind, _ text: BorrowedBytes) {
    self.kind = kind
    self.text = text
  }

  /// A time that is known without its text: in place of one.
  @inline(__always)
  package init(time: Milliseconds) {
    kind = .time
    text = BorrowedBytes(start: BorrowedBytes.empty.start, count: Int(time))
  }

  /// Of a span that was made of a time.
  @inline(__always)
  package var time: Milliseconds { Milliseconds(text.count) }

  @inline(__always)
  init(_ kind: JSONKind, from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>) {
    self.kind = kind
    self.text = BorrowedBytes(start: start, count: end - start)
  }
}
