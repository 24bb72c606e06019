// Safety: as `EventDecoder`: names in the result are borrowed from the record, from the plan's constants, or from
// scratch memory, which lives until `recycle()`. The plan and the memory are kept alive by this value.

import Attribution
import Codec
import Configuration

/// Turns the records of one topic into events by its plan.
///
/// Records in our own form go straight to `EventDecoder`. Of all others the wanted values are located in one pass, the first entry whose
/// conditions hold is chosen, and its fields are put down for the same reading that our own form gets.
///
/// Linear in the size of the record; allocates nothing per event, but for headers. For one thread at a time; copies share their memory.
public struct InputDecoder {
  /// What a record turned out to be.
  public enum Reading: Equatable, Sendable {
    case event
    /// It can never be used.
    case rejected(Rejection)
    /// It is nobody's: no entry's conditions hold.
    case filtered
  }

  public let plan: InputPlan
  /// Whether the plan is told which of its entries records are.
  private let counts: Bool
  private var decoders: [EventDecoder]
  /// Of an internal topic of re-keyed events: those of the topics that they come from.
  private var sources: [InputDecoder]
  let locator: RecordLocator?
  /// Of a plan with a mapping: its entries, laid out flat, and what is put down for them.
  private let reader: MappedReader?
  private let program: EntryProgram?
  /// The entry that the last record was found to be; nil for none.
  private(set) var lastEntry: Int?

  /// The processor's clock, to be set before each batch; see `EventDecoder.clock`.
  public var clock = Milliseconds.max {
    didSet {
      for index in decoders.indices { decoders[index].clock = clock }
      reader?.setClock(clock)
      for index in sources.indices { sources[index].clock = clock }
    }
  }

  /// - Parameters:
  ///   - maxFutureSkew: in place of the definitions'.
  ///   - explains: whether `explain` will be asked, for which our own form is read like all others.
  ///   - counts: whether the plan is told which of its entries records are; see `InputPlan.matches`.
  public init(
    _ plan: InputPlan, definitions: Definitions, maxFutureSkew: Milliseconds? = nil,
    explains: Bool = false, counts: Bool = false
  ) {
    self.plan = plan
    self.counts = counts
    // What passes through an internal topic has been counted on its way there.
    sources = plan.sources.map {
      InputDecoder($0, definitions: definitions, maxFutureSkew: maxFutureSkew, explains: explains)
    }
    decoders = plan.entries.map {
      EventDecoder(kind: $0.kind, definitions: definitions, maxFutureSkew: maxFutureSkew)
    }
    guard plan.ownKind == nil || explains else {
      (locator, reader, program) = (nil, nil, nil)
      return
    }
    let entries = EntryProgram(plan)
    let found = RecordLocator(plan, extraSlots: entries.slotCount - plan.tree.slotCount)
    (locator, program) = (found, entries)
    reader = entries.reader(decoders, found.values)
  }

  /// The decoder of records in our own form; nil where the plan has a mapping. To be given back, with what it has
  /// learned, by assigning it again.
  public var own: EventDecoder? {
    get {
      guard sources.isEmpty else { return plan.ownKind == nil ? nil : sources[0].own }
      return locator == nil ? decoders[0] : nil
    }
    set {
      guard let newValue else { return }
      if sources.isEmpty { decoders[0] = newValue } else { sources[0].own = newValue }
    }
  }

  /// Decodes one record into `event`, which is unchanged unless the result is `.event`.
  ///
  /// - Throws: `SchemaUnavailable` where its schema cannot be fetched for now.
  public mutating func decode(
    _ record: InputRecord, into event: inout Event
  ) throws(SchemaUnavailable) -> Reading {
    if !sources.isEmpty { return try decodeKeyed(record, into: &event) }
    guard let locator, let reader, let program else {
      let value = record.value.map { BorrowedBytes($0).withoutJSONFrame.buffer }
      let rejection = decoders[0].decode(value, recordTimestamp: record.timestamp, into: &event)
      return rejection.map { .rejected($0) } ?? .event
    }
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
      return .rejected(decoders[0].diagnoseMalformed(BorrowedBytes(value).withoutJSONFrame))
    }
    if program.hasExtraConditions { putExtraConditions(record, locator.values) }
    guard let entry = reader.chooseEntry() else {
      locator.values.arena.rewind(to: mark)
      return .filtered
    }
    lastEntry = entry
    if !program.extraFields[entry].isEmpty { putExtraFields(of: entry, record, locator.values) }
    let rejection = reader.decode(entry, recordTimestamp: record.timestamp, into: &event)
    guard let rejection else { return .event }
    locator.values.arena.rewind(to: mark)
    return .rejected(rejection)
  }

  /// Puts down what conditions ask for that is not in the record's value.
  private func putExtraConditions(_ record: InputRecord, _ values: LocatedValues) {
    guard let program else { return }
    for (entry, extras) in zip(plan.entries, program.extraConditions) {
      for extra in extras {
        guard case .condition(let index) = extra.what else { continue }
        values.slots[extra.slot] = source(entry.conditions[index].source, record, values)
      }
    }
  }

  /// Puts down the fields of an entry that are not simply in the record's value.
  private func putExtraFields(of entry: Int, _ record: InputRecord, _ values: LocatedValues) {
    guard let program else { return }
    for extra in program.extraFields[entry] {
      guard case .field(let index) = extra.what else { continue }
      values.slots[extra.slot] = value(of: plan.entries[entry].fields[index], record, values)
    }
  }

  /// Decodes a re-keyed record as the topic's that it came from.
  private mutating func decodeKeyed(
    _ record: InputRecord, into event: inout Event
  ) throws(SchemaUnavailable) -> Reading {
    // What the sources say of themselves is no event.
    guard record.key != nil else { return .filtered }
    guard plan.needsOrigin else { return try sources[0].decode(record, into: &event) }
    guard let index = record.headers.lastIndex(where: { $0.name == RecordOrigin.header }),
      let origin = record.headers[index].value.flatMap(RecordOrigin.decode),
      let source = sources.firstIndex(where: { $0.plan.topic == origin.topic })
    else { return .rejected(plan.malformed) }
    var original = record
    original.partition = origin.partition
    original.offset = origin.offset
    original.headers.remove(at: index)
    let arena = sources[source].locator?.values.arena
    original.key = origin.key.flatMap { key in
      Array(key).withUnsafeBytes { arena?.keep($0).buffer }
    }
    return try sources[source].decode(original, into: &event)
  }

  /// Forgets the scratch memory of earlier records, and with it the names of their events.
  public mutating func recycle() {
    for index in decoders.indices { decoders[index].recycle() }
    for index in sources.indices { sources[index].recycle() }
    guard let locator else { return }
    locator.values.arena.recycle()
    if counts { reader?.takeMatches { plan.matches.add($1, to: $0) } }
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
    guard let time else { return LocatedValue(JSONSpan(.brokenString, .empty)) }
    return LocatedValue(JSONSpan(.number, arena.keep(decimal: time)), isTime: true)
  }

  func source(
    _ source: EntryPlan.Source, _ record: InputRecord, _ values: LocatedValues
  ) -> LocatedValue? {
    switch source {
    case .slot(let slot): return values.slots[slot]
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

extension InputPlan {
  /// What a record is that cannot be read at all.
  var malformed: Rejection {
    switch format {
    case .json: .malformedJSON
    case .avro: .malformedAvro
    case .protobuf: .malformedProtobuf
    }
  }
}
