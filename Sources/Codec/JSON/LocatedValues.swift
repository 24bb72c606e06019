// Safety: the slots are allocated and freed here, all of them initialised; their indexes come from the path tree
// that they were made for. Texts are lent from the record and from the arena, which one decoder recycles.

import Attribution

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A value that was found in a record, under the rules of `BorrowedBytes`.
package struct LocatedValue {
  package var span: JSONSpan
  /// Whether it is a time in milliseconds already, whatever the unit of such numbers is said to be.
  package var isTime = false

  package init(_ span: JSONSpan, isTime: Bool = false) {
    self.span = span
    self.isTime = isTime
  }

  /// Whether it counts as not there.
  @inline(__always)
  package var isAbsent: Bool {
    span.kind == .null || span.kind == .string && span.text.isEmpty
  }
}

/// What was found under the paths of a tree, and memory for texts that do not stand in the record.
package final class LocatedValues {
  package let slots: UnsafeMutablePointer<LocatedValue?>
  package let count: Int
  package let arena = ScratchArena()

  package init(count: Int) {
    self.count = count
    slots = .allocate(capacity: max(1, count))
    slots.initialize(repeating: nil, count: count)
  }

  deinit { slots.deallocate() }

  /// Forgets the values of the record before.
  @inline(__always)
  package func clear() {
    for slot in 0..<count { slots[slot] = nil }
  }

  /// Whether a slot holds a scalar with this text.
  package func has(_ slot: Int, text: [UInt8]) -> Bool {
    guard let value = slots[slot] else { return false }
    return arena.hasText(value.span, text)
  }
}

extension ScratchArena {
  /// Whether a value is a scalar with this text, escapes resolved.
  func hasText(_ span: JSONSpan, _ text: BorrowedBytes) -> Bool {
    switch span.kind {
    case .string, .number, .boolean:
      return span.text.count == text.count
        && memcmp(span.text.start, text.start, text.count) == 0
    case .escapedString:
      let before = mark
      defer { rewind(to: before) }
      let meant = unescape(span.text)
      return meant.count == text.count && memcmp(meant.start, text.start, text.count) == 0
    case .null, .brokenString, .array, .object: return false
    }
  }

  /// As the other, for a text in an array.
  package func hasText(_ span: JSONSpan, _ text: [UInt8]) -> Bool {
    switch span.kind {
    case .string, .number, .boolean: return span.text.buffer.elementsEqual(text)
    case .escapedString:
      let before = mark
      defer { rewind(to: before) }
      return unescape(span.text).buffer.elementsEqual(text)
    case .null, .brokenString, .array, .object: return false
    }
  }

  /// A value's text for people: strings without quotes, escapes resolved, containers as JSON.
  package func text(of span: JSONSpan) -> String {
    guard span.kind == .escapedString else { return span.text.string }
    let before = mark
    defer { rewind(to: before) }
    return unescape(span.text).string
  }
}
