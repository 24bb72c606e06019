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
    /// Of a time that is not written as in our own form.
    package var time: TimeReading?

    package init(
      _ field: EventField, slots: [Int], fallback: JSONSpan? = nil, time: TimeReading? = nil
    ) {
      self.field = field
      self.slots = slots
      self.fallback = fallback
      self.time = time
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
    /// Whether it is what stands in its one slot, or absent.
    var isPlain: Bool
    var firstSlot: Int32
    /// Behind the one before.
    var firstOther: Int32
    var otherCount: Int32
    /// -1 for none, as the next.
    var fallback: Int32
    var time: Int32
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
  /// Of fields with several.
  private let slots: UnsafeMutablePointer<Int32>
  private let fallbacks: UnsafeMutablePointer<JSONSpan>
  private let times: UnsafeMutablePointer<TimeReading>
  private let timeCount: Int
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
    var flatFallbacks: [JSONSpan] = []
    var flatTimes: [TimeReading] = []
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
            field: field.field,
            isPlain: field.slots.count == 1 && field.fallback == nil && field.time == nil,
            firstSlot: Int32(field.slots.first ?? values.nowhere),
            firstOther: Int32(flatSlots.count), otherCount: Int32(max(0, field.slots.count - 1)),
            fallback: field.fallback == nil ? -1 : Int32(flatFallbacks.count),
            time: field.time == nil ? -1 : Int32(flatTimes.count)))
        flatSlots += field.slots.dropFirst().map { Int32($0) }
        if let fallback = field.fallback { flatFallbacks.append(fallback) }
        if let time = field.time { flatTimes.append(time) }
      }
    }
    entries = allocate(flatEntries)
    conditions = allocate(flatConditions)
    fields = allocate(flatFields)
    slots = allocate(flatSlots)
    fallbacks = allocate(flatFallbacks)
    times = allocate(flatTimes)
    timeCount = flatTimes.count
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
    fallbacks.deallocate()
    times.deinitialize(count: timeCount)
    times.deallocate()
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
    guard let found = values[Int(condition.pointee.slot)] else { return false }
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
    let (slots, record) = (values.slots, values.record)
    var present = EventFields()
    var field = UnsafePointer(fields + Int(entry.pointee.firstField))
    let end = field + Int(entry.pointee.fieldCount)
    while field < end {
      let slot = slots + Int(field.pointee.firstSlot)
      if field.pointee.isPlain {
        if slot.pointee.record == record, !slot.pointee.value.isAbsent {
          spans[Int(field.pointee.field.rawValue)] = slot.pointee.value.span
          present.insert(field.pointee.field)
        }
      } else if let span = span(of: field) {
        spans[Int(field.pointee.field.rawValue)] = span
        present.insert(field.pointee.field)
      }
      field += 1
    }
    return decoders[number].decode(present, recordTimestamp: recordTimestamp, into: &event)
  }

  private func span(of field: UnsafePointer<FlatField>) -> JSONSpan? {
    if let span = span(of: field, at: field.pointee.firstSlot) { return span }
    let others = slots + Int(field.pointee.firstOther)
    for number in 0..<Int(field.pointee.otherCount) {
      if let span = span(of: field, at: others[number]) { return span }
    }
    return field.pointee.fallback < 0 ? nil : fallbacks[Int(field.pointee.fallback)]
  }

  @inline(__always)
  private func span(of field: UnsafePointer<FlatField>, at slot: Int32) -> JSONSpan? {
    guard let found = values[Int(slot)], !found.isAbsent else { return nil }
    guard field.pointee.time >= 0, !found.isTime else { return found.span }
    return time(found.span, times + Int(field.pointee.time))
  }

  /// A time as milliseconds; broken where it is none.
  private func time(_ span: JSONSpan, _ reading: UnsafePointer<TimeReading>) -> JSONSpan {
    let time: Milliseconds? =
      switch span.kind {
      case .number, .string: reading.pointee.time(span.text)
      case .escapedString: time(escaped: span.text, reading)
      default: nil
      }
    return time.map { JSONSpan(time: $0) } ?? JSONSpan(.brokenString, .empty)
  }

  @inline(never)
  private func time(
    escaped text: BorrowedBytes, _ reading: UnsafePointer<TimeReading>
  ) -> Milliseconds? {
    let before = values.arena.mark
    defer { values.arena.rewind(to: before) }
    return reading.pointee.time(values.arena.unescape(text))
  }
}
