import Attribution
import Codec

/// One input topic read again: decodes its records and decides what became of each, by the contract
/// and by what the set-aside topics say.
struct RecomputedInput {
  /// What a record turned out to be, for the oracle.
  enum Finding {
    case event(OracleEvent)
    case setAside
  }

  let topic: String
  let kind: EventKind
  let number: Int
  private let definitions: Definitions
  private var decoder: EventDecoder
  private(set) var tally = RecordTally()
  /// Accepted records whose key is not their user's id.
  private(set) var strayKeys = 0

  // Of the partition that is being read.
  private var partition: Int32 = -1
  private var largest: Milliseconds?
  private var eventIDs: Set<String> = []

  init(_ input: Verification.Input, number: Int, definitions: Definitions) {
    topic = input.topic
    kind = input.kind
    self.number = number
    self.definitions = definitions
    decoder = EventDecoder(
      kind: input.kind, currency: definitions.currency, maxFutureSkew: definitions.maxFutureSkew)
  }

  /// Takes a processed record, partition by partition, each in order.
  mutating func take(
    _ record: LoggedRecord, _ oracle: inout Oracle, _ deadLetters: inout SetAsideRecords,
    _ lateEvents: inout SetAsideRecords, _ differences: inout ComparisonResult
  ) {
    if record.partition != partition { begin(record.partition) }
    tally.records += 1
    let place = record.place(in: topic)
    let source = SetAsideRecords.Source(partition: record.partition, offset: record.offset)
    let deadLetter = deadLetters.match(input: number, source)
    let lateEvent = lateEvents.match(input: number, source)

    decoder.recycle()
    var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
    let rejection = decoder.decode(
      record.value, recordTimestamp: record.timestamp, into: &event)

    if let deadLetter {
      expectUntouched(deadLetter, record, deadLetters.topic, place, &differences)
    }
    differences.expect(
      deadLetter?.reason ?? "absent", toBe: rejection?.rawValue ?? "absent",
      "record in \(deadLetters.topic)", of: place.description)
    if let lateEvent {
      expectUntouched(lateEvent, record, lateEvents.topic, place, &differences)
      expectTooLate(
        rejection == nil ? event.time : nil, lateEvent, lateEvents.topic, place, &differences)
    } else if rejection == nil {
      accept(event, record, &oracle, place, &differences)
    }
  }

  private mutating func begin(_ partition: Int32) {
    self.partition = partition
    largest = nil
    eventIDs.removeAll()
  }

  private mutating func accept(
    _ event: Event, _ record: LoggedRecord, _ oracle: inout Oracle, _ place: LogPlace,
    _ differences: inout ComparisonResult
  ) {
    let copy = OracleEvent(event)
    guard oracle.add(copy) else {
      tally.duplicates += 1
      if eventIDs.insert(copy.eventID).inserted {
        differences.expect(
          "in another partition too", toBe: "in one partition only", "event id",
          of: place.description)
      }
      return
    }
    eventIDs.insert(copy.eventID)
    tally.accepted += 1
    largest = max(largest ?? event.time, event.time)
    if kind != .cost, !(record.key?.elementsEqual(event.userID.buffer) ?? false) { strayKeys += 1 }
  }

  private func expectUntouched(
    _ entry: SetAsideRecords.Entry, _ record: LoggedRecord, _ topic: String, _ place: LogPlace,
    _ differences: inout ComparisonResult
  ) {
    differences.expect(
      entry.fingerprint == Fingerprint(record) ? "untouched" : "changed", toBe: "untouched",
      "key and value in \(topic)", of: place.description)
  }

  /// A late event must at least be beyond the horizon behind its own partition.
  private func expectTooLate(
    _ time: Milliseconds?, _ entry: SetAsideRecords.Entry, _ topic: String, _ place: LogPlace,
    _ differences: inout ComparisonResult
  ) {
    differences.expect(entry.reason, toBe: "too_late", "reason in \(topic)", of: place.description)
    guard let time else {
      differences.expect(
        "a record that cannot be used", toBe: "an event", topic, of: place.description)
      return
    }
    let horizon = definitions.allowedLateness + definitions.correctionHorizon
    if let largest, time < largest - horizon { return }
    differences.expect(
      largest.map { "\($0 - time) ms" } ?? "not behind any",
      toBe: "more than \(horizon) ms", "distance behind the largest event time before it",
      of: place.description)
  }
}

/// What became of the records of an input.
public struct RecordTally: Equatable, Sendable {
  public var records = 0
  public var accepted = 0
  public var duplicates = 0
  /// As the dead letters say.
  public var deadLetters = 0
  /// As the late events say.
  public var tooLate = 0

  public init() {}
}
