// Safety: as `EventDecoder`: names in the result are borrowed from the record, from the plan's constants, or from
// scratch memory, which lives until `recycle()`. The plan and the memory are kept alive by this value.

import Attribution
import Codec
import Configuration

/// Turns the records of one topic into events by its plan.
///
/// Records in our own form go straight to `EventDecoder`, all others to `MappedDecoder`.
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
  /// Of a plan with a mapping, or one that is explained.
  let mapped: MappedDecoder?
  /// Of what was set aside: decoders of events with pseudonyms; none where there are no such.
  var rewritten: [EventDecoder]
  private let hasPseudonyms: Bool

  /// The processor's clock, to be set before each batch; see `EventDecoder.clock`.
  public var clock = Milliseconds.max {
    didSet {
      for index in decoders.indices { decoders[index].clock = clock }
      mapped?.setClock(clock)
      for index in sources.indices { sources[index].clock = clock }
    }
  }

  /// - Parameters:
  ///   - maxFutureSkew: in place of the definitions'.
  ///   - explains: whether `explain` will be asked, for which our own form is read like all others.
  ///   - ofSetAside: whether records may be rewritten ones (`RewrittenEvent`).
  ///   - counts: whether the plan is told which of its entries records are; see `InputPlan.matches`.
  public init(
    _ plan: InputPlan, definitions: Definitions, maxFutureSkew: Milliseconds? = nil,
    explains: Bool = false, ofSetAside: Bool = false, counts: Bool = false
  ) {
    self.plan = plan
    self.counts = counts
    hasPseudonyms = definitions.pseudonymKey != nil
    rewritten = ofSetAside ? Self.rewrittenDecoders(definitions) : []
    // What passes through an internal topic has been counted on its way there.
    sources = plan.sources.map {
      InputDecoder($0, definitions: definitions, maxFutureSkew: maxFutureSkew, explains: explains)
    }
    decoders = plan.entries.map {
      EventDecoder(kind: $0.kind, definitions: definitions, maxFutureSkew: maxFutureSkew)
    }
    guard plan.ownKind == nil || explains else {
      mapped = nil
      return
    }
    mapped = MappedDecoder(plan, decoders)
  }

  /// The decoder of records in our own form; nil where the plan has a mapping. To be given back, with what it has
  /// learned, by assigning it again.
  public var own: EventDecoder? {
    get {
      guard sources.isEmpty else { return plan.ownKind == nil ? nil : sources[0].own }
      return mapped == nil ? decoders[0] : nil
    }
    set {
      guard let newValue else { return }
      if sources.isEmpty { decoders[0] = newValue } else { sources[0].own = newValue }
    }
  }

  /// The user id of the event decoded last, as it came; nil where the event has it as it came.
  public var rawUser: BorrowedBytes? {
    hasPseudonyms ? decoders[mapped?.lastEntry ?? 0].rawUser : nil
  }

  /// Decodes one record into `event`, which is unchanged unless the result is `.event`.
  ///
  /// - Throws: `SchemaUnavailable` where its schema cannot be fetched for now.
  public mutating func decode(
    _ record: InputRecord, into event: inout Event
  ) throws(SchemaUnavailable) -> Reading {
    if !sources.isEmpty { return try decodeKeyed(record, into: &event) }
    if !rewritten.isEmpty, let reading = decodeRewritten(record, into: &event) { return reading }
    if let mapped { return try mapped.decode(record, into: &event) }
    let value = record.value.map { BorrowedBytes($0).withoutJSONFrame.buffer }
    let rejection = decoders[0].decode(value, recordTimestamp: record.timestamp, into: &event)
    return rejection.map { .rejected($0) } ?? .event
  }

  /// Decodes a re-keyed record as the topic's that it came from.
  private mutating func decodeKeyed(
    _ record: InputRecord, into event: inout Event
  ) throws(SchemaUnavailable) -> Reading {
    // What the sources say of themselves is no event.
    guard record.key != nil else { return .filtered }
    // Several records that cannot be told apart any more.
    guard !PackKey.matches(record.key) else { return .rejected(plan.malformed) }
    guard plan.needsOrigin else { return try sources[0].decode(record, into: &event) }
    guard let index = record.headers.lastIndex(where: { $0.name == RecordOrigin.header }),
      let origin = record.headers[index].value.flatMap(RecordOrigin.decode),
      let source = sources.firstIndex(where: { $0.plan.topic == origin.topic })
    else { return .rejected(plan.malformed) }
    var original = record
    original.partition = origin.partition
    original.offset = origin.offset
    original.headers.remove(at: index)
    let arena = sources[source].mapped?.locator.values.arena
    original.key = origin.key.flatMap { key in
      Array(key).withUnsafeBytes { arena?.keep($0).buffer }
    }
    return try sources[source].decode(original, into: &event)
  }

  /// Forgets the scratch memory of earlier records, and with it the names of their events.
  public mutating func recycle() {
    for index in decoders.indices { decoders[index].recycle() }
    for index in sources.indices { sources[index].recycle() }
    for index in rewritten.indices { rewritten[index].recycle() }
    guard let mapped else { return }
    mapped.locator.values.arena.recycle()
    if counts { mapped.reader.takeMatches { plan.matches.add($1, to: $0) } }
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
