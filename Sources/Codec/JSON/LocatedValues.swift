// Safety: the slots are allocated and freed here, all of them initialised; their indexes come from the path tree
// that they were made for, or are `trash` or `nowhere`. Texts are lent from the record and from the arena, which one decoder
// recycles.

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

  @inline(__always)
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
  /// A place for one value.
  struct Slot {
    var value = LocatedValue(JSONSpan(.null, .empty))
    /// Of the record that the value is from: what is left from others is not there.
    var record: UInt32 = 0
  }

  package let count: Int
  package let arena = ScratchArena()
  let slots: UnsafeMutablePointer<Slot>
  /// The number of the record at hand, which is never 0.
  private let number: UnsafeMutablePointer<UInt32>

  package init(count: Int) {
    self.count = count
    slots = .allocate(capacity: count + 2)
    slots.initialize(repeating: Slot(), count: count + 2)
    number = .allocate(capacity: 1)
    number.initialize(to: 1)
  }

  deinit {
    slots.deallocate()
    number.deallocate()
  }

  /// Where values are put down that nobody wants.
  var trash: Int { count }
  /// Where nothing is ever put down.
  var nowhere: Int { count + 1 }

  /// The number of the record at hand.
  @inline(__always)
  var record: UInt32 { number.pointee }

  /// Forgets the values of the record before.
  @inline(__always)
  package func clear() {
    number.pointee &+= 1
    if number.pointee == 0 { beginAnew() }
  }

  @inline(never)
  private func beginAnew() {
    for slot in 0...nowhere { slots[slot].record = 0 }
    number.pointee = 1
  }

  /// What was found; nil for nothing.
  package subscript(_ slot: Int) -> LocatedValue? {
    @inline(__always)
    get { slots[slot].record == record ? slots[slot].value : nil }
    @inline(__always)
    set {
      guard let newValue else {
        slots[slot].record = 0
        return
      }
      slots[slot] = Slot(value: newValue, record: record)
    }
  }

  /// Whether a slot holds a scalar with this text.
  package func has(_ slot: Int, text: [UInt8]) -> Bool {
    guard let value = self[slot] else { return false }
    return arena.hasText(value.span, text)
  }
}

extension ScratchArena {
  /// Whether a value is a scalar with this text, escapes resolved.
  @inline(__always)
  func hasText(_ span: JSONSpan, _ text: BorrowedBytes) -> Bool {
    switch span.kind {
    case .string, .number, .boolean: return span.text.isSame(as: text)
    case .escapedString: return meansText(span, text)
    case .null, .brokenString, .array, .object, .time: return false
    }
  }

  @inline(never)
  private func meansText(_ span: JSONSpan, _ text: BorrowedBytes) -> Bool {
    let before = mark
    defer { rewind(to: before) }
    return unescape(span.text).isSame(as: text)
  }

  /// As the other, for a text in an array.
  package func hasText(_ span: JSONSpan, _ text: [UInt8]) -> Bool {
    text.withUnsafeBytes { hasText(span, BorrowedBytes($0)) }
  }

  /// A value's text for people: strings without quotes, escapes resolved, containers as JSON.
  package func text(of span: JSONSpan) -> String {
    guard span.kind == .escapedString else { return span.text.string }
    let before = mark
    defer { rewind(to: before) }
    return unescape(span.text).string
  }
}

extension BorrowedBytes {
  /// Whether both have the same bytes.
  @inline(__always)
  func isSame(as other: BorrowedBytes) -> Bool {
    count == other.count && memcmp(start, other.start, count) == 0
  }
}
