// Safety: the blocks are allocated and freed here, and indexed below their numbers; slots come from the path tree that
// the values were made for, and from the places behind it. Texts of conditions and fallbacks are kept alive by whoever
// makes the reader.

import Attribution

/// Chooses among a topic's entries by what was found in a record, and makes an event of it.
///
/// What the entries say lies flat in memory: a loop over it retains nothing.
package final class MappedReader {
  /// One of our fields of an entry.
  package struct Field {
    package var field: EventField
    /// Where it can be; the first that is not absent counts.
    package var slots: [Int]
    /// What it is where it is nowhere.
    package var fallback: JSONSpan?
    /// Of a time in a number of which a second has 10 to this power.
    package var unitDigits: Int?

    package init(
      _ field: EventField, slots: [Int], fallback: JSONSpan? = nil, unitDigits: Int? = nil
    ) {
      self.field = field
      self.slots = slots
      self.fallback = fallback
      self.unitDigits = unitDigits
    }
  }

  package struct Condition {
    package var slot: Int
    package var values: [BorrowedBytes]

    package init(slot: Int, values: [BorrowedBytes]) {
      self.slot = slot
      self.values = values
    }
  }

  package struct Entry {
    package var decoder: EventDecoder
    package var conditions: [Condition]
    package var fields: [Field]

    package init(decoder: EventDecoder, conditions: [Condition], fields: [Field]) {
      self.decoder = decoder
      self.conditions = conditions
      self.fields = fields
    }
  }

  private struct FlatField {
    var field: EventField
    var hasFallback: Bool
    /// -1 for what is no number of a time.
    var unitDigits: Int8
    var firstSlot: Int32
    var slotCount: Int32
    var fallback: JSONSpan
  }

  private struct FlatCondition {
    var slot: Int32
    var firstText: Int32
    var textCount: Int32
  }

  private struct FlatEntry {
    var firstCondition: Int32
    var conditionCount: Int32
    var firstField: Int32
    var fieldCount: Int32
    /// Of its decoder.
    var spans: UnsafeMutablePointer<JSONSpan>
  }

  private let values: LocatedValues
  private let entryCount: Int
  private let entries: UnsafeMutablePointer<FlatEntry>
  private let decoders: UnsafeMutablePointer<EventDecoder>
  private let conditions: UnsafeMutablePointer<FlatCondition>
  private let fields: UnsafeMutablePointer<FlatField>
  private let slots: UnsafeMutablePointer<Int32>
  private let texts: UnsafeMutablePointer<BorrowedBytes>
  /// By entry: records that were found to be its.
  private let matches: UnsafeMutablePointer<Int>

  package init(_ all: [Entry], _ values: LocatedValues) {
    self.values = values
    entryCount = all.count
    func allocate<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
      let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
      memory.initialize(from: values, count: values.count)
      return memory
    }
    var flatEntries: [FlatEntry] = []
    var flatConditions: [FlatCondition] = []
    var flatFields: [FlatField] = []
    var flatSlots: [Int32] = []
    var flatTexts: [BorrowedBytes] = []
    for entry in all {
      flatEntries.append(
        FlatEntry(
          firstCondition: Int32(flatConditions.count),
          conditionCount: Int32(entry.conditions.count), firstField: Int32(flatFields.count),
          fieldCount: Int32(entry.fields.count), spans: entry.decoder.memory.spans))
      for condition in entry.conditions {
        flatConditions.append(
          FlatCondition(
            slot: Int32(condition.slot), firstText: Int32(flatTexts.count),
            textCount: Int32(condition.values.count)))
        flatTexts += condition.values
      }
      for field in entry.fields {
        flatFields.append(
          FlatField(
            field: field.field, hasFallback: field.fallback != nil,
            unitDigits: Int8(field.unitDigits ?? -1), firstSlot: Int32(flatSlots.count),
            slotCount: Int32(field.slots.count),
            fallback: field.fallback ?? JSONSpan(.null, .empty)))
        flatSlots += field.slots.map { Int32($0) }
      }
    }
    entries = allocate(flatEntries)
    conditions = allocate(flatConditions)
    fields = allocate(flatFields)
    slots = allocate(flatSlots)
    texts = allocate(flatTexts)
    decoders = allocate(all.map(\.decoder))
    matches = allocate(all.map { _ in 0 })
  }

  deinit {
    decoders.deinitialize(count: entryCount)
    decoders.deallocate()
    entries.deallocate()
    conditions.deallocate()
    fields.deallocate()
    slots.deallocate()
    texts.deallocate()
    matches.deallocate()
  }

  /// See `EventDecoder.clock`.
  package func setClock(_ clock: Milliseconds) {
    for index in 0..<entryCount { decoders[index].clock = clock }
  }

  /// Hands over how many records were found to be of each entry, and begins to count anew.
  package func takeMatches(_ body: (Int, Int) -> Void) {
    for index in 0..<entryCount where matches[index] > 0 {
      body(index, matches[index])
      matches[index] = 0
    }
  }

  /// The first entry whose conditions all hold for the values that were found; nil for none.
  package func chooseEntry() -> Int? {
    for index in 0..<entryCount where isOf(entries + index) {
      matches[index] &+= 1
      return index
    }
    return nil
  }

  private func isOf(_ entry: UnsafePointer<FlatEntry>) -> Bool {
    let first = conditions + Int(entry.pointee.firstCondition)
    for number in 0..<Int(entry.pointee.conditionCount) {
      guard holds(first + number) else { return false }
    }
    return true
  }

  private func holds(_ condition: UnsafePointer<FlatCondition>) -> Bool {
    guard let found = values.slots[Int(condition.pointee.slot)] else { return false }
    let first = texts + Int(condition.pointee.firstText)
    for number in 0..<Int(condition.pointee.textCount) {
      if values.arena.hasText(found.span, first[number]) { return true }
    }
    return false
  }

  /// Makes an event of the values that were found, by an entry; returns why it cannot be one, or nil.
  package func decode(
    _ number: Int, recordTimestamp: Milliseconds, into event: inout Event
  ) -> Rejection? {
    let entry = entries + number
    let spans = entry.pointee.spans
    var present = EventFields()
    var field = UnsafePointer(fields + Int(entry.pointee.firstField))
    let end = field + Int(entry.pointee.fieldCount)
    while field < end {
      if let span = span(of: field) {
        spans[Int(field.pointee.field.rawValue)] = span
        present.insert(field.pointee.field)
      }
      field += 1
    }
    return decoders[number].decode(present, recordTimestamp: recordTimestamp, into: &event)
  }

  @inline(__always)
  private func span(of field: UnsafePointer<FlatField>) -> JSONSpan? {
    let first = slots + Int(field.pointee.firstSlot)
    for number in 0..<Int(field.pointee.slotCount) {
      guard let found = values.slots[Int(first[number])], !found.isAbsent else { continue }
      guard field.pointee.unitDigits >= 0, !found.isTime else { return found.span }
      return time(found.span, digits: Int(field.pointee.unitDigits))
    }
    return field.pointee.hasFallback ? field.pointee.fallback : nil
  }

  /// A number of a unit as milliseconds; broken where it is none.
  private func time(_ span: JSONSpan, digits: Int) -> JSONSpan {
    let arena = values.arena
    let before = arena.mark
    let text: BorrowedBytes? =
      switch span.kind {
      case .number, .string: span.text
      case .escapedString: arena.unescape(span.text)
      default: nil
      }
    let time = text.flatMap { Time.parse(number: $0, digits: digits) }
    arena.rewind(to: before)
    guard let time else { return JSONSpan(.brokenString, .empty) }
    return JSONSpan(.number, arena.keep(decimal: time))
  }
}
