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
  /// The names of the fields that the configuration adds, in the order of their values.
  private let configured: [[UInt8]]
  /// The most bytes that a wanted name takes: every character of it may be written as `\u` and four digits.
  private let longestEscapedName: Int

  /// A value of `maximumRecordSize` bytes cannot nest deeper than its size.
  private static let nestingWordCount = EventDecoder.maximumRecordSize / UInt64.bitWidth

  init(configured names: [String]) {
    configured = names.map { Array($0.utf8) }
    longestEscapedName = 6 * max(EventField.longestName, configured.map(\.count).max() ?? 0)
    spans = .allocate(capacity: EventField.allCases.count)
    nestingWords = .allocate(capacity: Self.nestingWordCount)
    name = .allocate(capacity: longestEscapedName)
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
    guard escapedName.count <= longestEscapedName else { return .unknown }
    let count = escapedName.unescape(into: name)
    return field(name: BorrowedBytes(start: name, count: count))
  }

  /// The field of this name.
  func field(name: BorrowedBytes) -> EventField {
    let field = EventField(name: name)
    guard field == .unknown,
      let index = configured.firstIndex(where: { $0.elementsEqual(name.buffer) })
    else { return field }
    return .configured(index)
  }
}
