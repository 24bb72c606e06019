// Safety: as `EventDecoder`: names in the result are borrowed from the record, from the plan's constants, or from
// scratch memory, which lives until it is recycled. The plan and the memory are kept alive by this object.

import Attribution
import Codec

/// Turns records that are not in our own form into events.
///
/// The wanted values are located in one pass, the first entry whose conditions hold is chosen, and its fields are put
/// down for the same reading that our own form gets. An object whose parts never change, so that a record retains
/// none of them. For one thread at a time.
final class MappedDecoder {
  let locator: RecordLocator
  /// The entries, laid out flat.
  let reader: MappedReader
  private let plan: InputPlan
  private let program: EntryProgram
  private let hasExtraConditions: Bool
  private let hasExtraFields: Bool
  private let ownForm: EventDecoder
  /// The entry that the last record was found to be; nil for none.
  private(set) var lastEntry: Int?

  /// - Parameter decoders: one for each entry.
  init(_ plan: InputPlan, _ decoders: [EventDecoder]) {
    self.plan = plan
    program = EntryProgram(plan)
    locator = RecordLocator(plan, extraSlots: program.slotCount - plan.tree.slotCount)
    reader = program.reader(decoders, locator.values)
    hasExtraConditions = program.extraConditions.contains { !$0.isEmpty }
    hasExtraFields = program.extraFields.contains { !$0.isEmpty }
    ownForm = decoders[0]
  }

  /// See `EventDecoder.clock`.
  func setClock(_ clock: Milliseconds) { reader.setClock(clock) }

  /// See `InputDecoder.decode`.
  func decode(
    _ record: InputRecord, into event: inout Event
  ) throws(SchemaUnavailable) -> InputDecoder.Reading {
    lastEntry = nil
    guard let value = record.value, !value.isEmpty else {
      return .rejected(Rejection(plan.malformed.reason, nil, .hasNoValue))
    }
    guard value.count <= EventDecoder.maximumRecordSize else {
      return .rejected(Rejection(.tooLarge, nil, .isTooLarge(bytes: value.count)))
    }
    let mark = locator.values.arena.mark
    if let rejection = try locator.locate(BorrowedBytes(value)) {
      locator.values.arena.rewind(to: mark)
      guard rejection.reason == .malformedJSON else { return .rejected(rejection) }
      return .rejected(ownForm.diagnoseMalformed(BorrowedBytes(value).withoutJSONFrame))
    }
    if hasExtraConditions { putExtraConditions(record, locator.values) }
    guard let entry = reader.chooseEntry() else {
      locator.values.arena.rewind(to: mark)
      return .filtered
    }
    lastEntry = entry
    if hasExtraFields { putExtraFields(of: entry, record, locator.values) }
    let rejection = reader.decode(entry, recordTimestamp: record.timestamp, into: &event)
    guard let rejection else { return .event }
    locator.values.arena.rewind(to: mark)
    return .rejected(rejection)
  }

  /// Puts down what conditions ask for that is not in the record's value.
  private func putExtraConditions(_ record: InputRecord, _ values: LocatedValues) {
    for (entry, extras) in zip(plan.entries, program.extraConditions) {
      for extra in extras {
        guard case .condition(let index) = extra.what else { continue }
        values[extra.slot] = source(entry.conditions[index].source, record, values)
      }
    }
  }

  /// Puts down the fields of an entry that are not simply in the record's value.
  private func putExtraFields(of entry: Int, _ record: InputRecord, _ values: LocatedValues) {
    for extra in program.extraFields[entry] {
      guard case .field(let index) = extra.what else { continue }
      values[extra.slot] = value(of: plan.entries[entry].fields[index], record, values)
    }
  }

  // MARK: Values

  func isOf(
    _ entry: EntryPlan, _ record: InputRecord, _ values: LocatedValues
  ) -> Bool {
    entry.conditions.allSatisfy { condition in
      guard let found = source(condition.source, record, values) else { return false }
      return condition.values.contains { values.arena.hasText(found.span, $0) }
    }
  }

  /// What a field is: the first of its sources that is not absent, or its fallback.
  func value(
    of field: EntryPlan.Field, _ record: InputRecord, _ values: LocatedValues
  ) -> LocatedValue? {
    for source in field.sources {
      guard let found = self.source(source, record, values), !found.isAbsent else { continue }
      guard let time = field.time, !found.isTime else { return found }
      return converted(found, time, values.arena)
    }
    return field.fallbackSpan.map { LocatedValue($0) }
  }

  private func converted(
    _ value: LocatedValue, _ reading: TimeReading, _ arena: ScratchArena
  ) -> LocatedValue {
    let before = arena.mark
    let text: BorrowedBytes? =
      switch value.span.kind {
      case .number, .string: value.span.text
      case .escapedString: arena.unescape(value.span.text)
      default: nil
      }
    let time = text.flatMap { reading.time($0) }
    arena.rewind(to: before)
    return LocatedValue(time.map { JSONSpan(time: $0) } ?? JSONSpan(.brokenString, .empty))
  }

  func source(
    _ source: EntryPlan.Source, _ record: InputRecord, _ values: LocatedValues
  ) -> LocatedValue? {
    switch source {
    case .slot(let slot): return values[slot]
    case .key: return record.key.map { LocatedValue(BorrowedBytes($0).stringSpan) }
    case .timestamp:
      guard record.timestamp != -1 else { return nil }
      let digits = values.arena.keep(decimal: record.timestamp)
      return LocatedValue(JSONSpan(.number, digits), isTime: true)
    case .place:
      let place = values.arena.keep(
        joining: plan.topicName.value.span.text, Int64(record.partition), record.offset)
      return LocatedValue(JSONSpan(.string, place))
    case .header(let name):
      guard let header = record.headers.last(where: { $0.name == name }),
        let bytes = header.value
      else { return nil }
      let kept = bytes.withUnsafeBytes { values.arena.keep($0) }
      return LocatedValue(kept.stringSpan)
    }
  }
}
