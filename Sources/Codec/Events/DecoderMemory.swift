// Safety: the three blocks are allocated and freed with this object, at fixed sizes: a bit per
// byte of the largest record, a span per field, and the longest a wanted name can be in escapes.
// One decoder uses them, on one thread at a time.

import Attribution

/// The working memory of an event decoder, allocated once.
final class DecoderMemory {
  /// The last value of each field of the record at hand, by the field's raw value.
  let spans: UnsafeMutablePointer<JSONSpan>
  let arena = ScratchArena()
  let keys = KeyOrder()
  private let nestingWords: UnsafeMutablePointer<UInt64>
  private let name: UnsafeMutablePointer<UInt8>

  /// A value of `maximumRecordSize` bytes cannot nest deeper than its size.
  private static let nestingWordCount = EventDecoder.maximumRecordSize / UInt64.bitWidth
  /// Every character of a wanted name may be written as `\u` and four digits.
  private static let longestEscapedName = 6 * EventField.longestName

  init() {
    spans = .allocate(capacity: EventField.allCases.count)
    nestingWords = .allocate(capacity: Self.nestingWordCount)
    name = .allocate(capacity: Self.longestEscapedName)
  }

  deinit {
    spans.deallocate()
    nestingWords.deallocate()
    name.deallocate()
  }

  var nesting: JSONNesting {
    JSONNesting(words: nestingWords, wordCount: Self.nestingWordCount)
  }

  /// The field whose name is written with escapes.
  @inline(never)
  func field(escapedName: BorrowedBytes) -> EventField {
    guard escapedName.count <= Self.longestEscapedName else { return .unknown }
    let count = escapedName.unescape(into: name)
    return EventField(name: BorrowedBytes(start: name, count: count))
  }
}
