import Attribution
import Cluster
import Codec
import History
import Inputs
import Pipeline

/// One input topic read again: decodes its records and decides what became of each, by the contract
/// and by what the set-aside topics say.
struct RecomputedInput {
  /// What a record turned out to be, for the oracle.
  enum Finding {
    case event(OracleEvent)
    case setAside
  }

  let topic: String
  let isCosts: Bool
  /// Whether it is an internal topic of re-keyed events.
  let isKeyed: Bool
  let number: Int
  private let definitions: Definitions
  private var decoder: InputDecoder
  /// Kinds of which another topic has events too, so that an id may lie in both.
  private let sharedKinds: Set<EventKind>
  private(set) var tally = RecordTally()
  /// Records that came too late and have been counted by a backfill.
  private(set) var backfilled = 0
  /// Refused by the processor's clock; by the record's own it is no event of the future.
  private(set) var refusedByClock = 0
  /// Dead letters because their schema was not known then, whatever the registry knows now.
  private(set) var schemasUnknown = 0
  /// Accepted records that lie in another partition than their user belongs to.
  private(set) var misplaced = 0
  private let partitioner: UserPartitioner?
  /// Accepted records whose key is not their user's id.
  private(set) var strayKeys = 0
  /// The largest accepted event time, by partition.
  private(set) var largest: [Int32: Milliseconds] = [:]
  /// Too late and older than all that their partition had accepted by then: measured by the other
  /// inputs of the task, which may have gone on long before this one began.
  private var earliestTooLate: [(place: LogPlace, time: Milliseconds)] = []

  // Of the partition that is being read.
  private var partition: Int32 = -1
  private var eventIDs: [EventKind: Set<ByteString>] = [:]
  private var smallest: Milliseconds?

  init(
    _ input: VerificationPass.Input, number: Int, among all: [VerificationPass.Input],
    definitions: Definitions
  ) {
    topic = input.plan.topic
    isKeyed = input.plan.isKeyed
    isCosts = input.isCosts
    let others = all.filter { $0.plan.topic != input.plan.topic }.flatMap(\.plan.kinds)
    sharedKinds = Set(others).intersection(input.plan.kinds)
    self.number = number
    self.definitions = definitions
    decoder = InputDecoder(input.plan, definitions: definitions)
    partitioner =
      input.isCosts
      ? nil : UserPartitioner(input.partitioner, count: input.partitionCount)
  }

  /// Takes a processed record, partition by partition, each in order.
  mutating func take(
    _ record: LoggedRecord, _ oracle: inout Oracle, _ deadLetters: inout SetAsideRecords,
    _ lateEvents: inout SetAsideRecords, _ accepted: inout AcceptedStream?,
    _ backfills: BackfillLedger, _ differences: inout ComparisonResult
  ) throws {
    if record.partition != partition { begin(record.partition) }
    tally.records += 1
    let place = record.place(in: topic)
    let source = SetAsideRecords.Source(record)
    let deadLetter = deadLetters.match(input: number, source)
    let lateEvent = lateEvents.match(input: number, source)

    decoder.recycle()
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let reading = try decoder.decode(record, into: &event)
    var rejection: RejectionReason?
    if case .rejected(let found) = reading { rejection = found.reason }
    if deadLetter?.reason == RejectionReason.unknownSchema.rawValue, rejection != .unknownSchema {
      rejection = .unknownSchema
      schemasUnknown += 1
    }
    // Of several faults the first counts, and a wrong currency comes behind.
    if rejection == nil || rejection == .wrongCurrency,
      deadLetter?.reason == RejectionReason.futureEvent.rawValue
    {
      // What the processor's clock showed then nobody knows any more: the dead letter says what it meant.
      rejection = .futureEvent
      refusedByClock += 1
    }

    if let deadLetter {
      expectRecord(
        deadLetter.isLeft(of: record, isHidden: hidesIDs), deadLetters.topic, place,
        &differences)
    }
    differences.expect(
      deadLetter?.reason ?? "absent", toBe: rejection?.rawValue ?? "absent",
      "record in \(deadLetters.topic)", of: place.description)
    if reading == .filtered, rejection == nil {
      tally.filtered += 1
      if lateEvent == nil { return }
    }
    if let lateEvent {
      expectRecord(
        hidesIDs && reading == .event
          ? lateEvent.holds(event, definitions) : lateEvent.isLeft(of: record),
        lateEvents.topic, place, &differences)
      // A version is as late as the earliest of its times, and of the time of what it would have replaced.
      let former =
        event.version > 0 && rejection == nil
        ? oracle.time(of: event.eventID.string, event.kind) : nil
      expectTooLate(
        rejection == nil && reading == .event
          ? min(event.earliestTime, former ?? .max) : nil, lateEvent,
        lateEvents.topic, place, &differences)
      let task = TaskID(isCosts: isCosts, partition: record.partition)
      if rejection == nil, reading == .event,
        backfills.hasCounted(lateEvent.place, event, of: task)
      {
        backfilled += 1
        let finding = oracle.add(OracleEvent(event))
        tally.count(finding)
        if finding != .duplicate {
          accepted?.match(event, isReplacement: finding == .replacement, place, &differences)
        }
      }
    } else if rejection == nil {
      accept(event, record, &oracle, &accepted, place, &differences)
    }
  }

  private mutating func begin(_ partition: Int32) {
    self.partition = partition
    eventIDs.removeAll()
    smallest = nil
  }

  private mutating func accept(
    _ event: Event, _ record: LoggedRecord, _ oracle: inout Oracle,
    _ accepted: inout AcceptedStream?, _ place: LogPlace, _ differences: inout ComparisonResult
  ) {
    let copy = OracleEvent(event)
    let finding = oracle.add(copy)
    tally.count(finding)
    if finding != .new {
      if eventIDs[event.kind, default: []].insert(ByteString(copy.eventID)).inserted,
        !sharedKinds.contains(event.kind)
      {
        differences.expect(
          "in another partition too", toBe: "in one partition only", "event id",
          of: place.description)
      }
    }
    if finding == .duplicate { return }
    accepted?.match(event, isReplacement: finding == .replacement, place, &differences)
    eventIDs[event.kind, default: []].insert(ByteString(copy.eventID))
    largest[partition] = max(largest[partition] ?? event.time, event.time)
    smallest = min(smallest ?? event.time, event.time)
    guard event.kind != .cost else { return }
    // Producers key records by the user as it came.
    let user = decoder.rawUser ?? event.userID
    if let partitioner, partitioner.partition(of: user) != partition { misplaced += 1 }
    if !(record.key?.elementsEqual(user.buffer) ?? false) { strayKeys += 1 }
  }

  private var hidesIDs: Bool { definitions.pseudonymKey != nil }

  private func expectRecord(
    _ isAsItShouldBe: Bool, _ topic: String, _ place: LogPlace,
    _ differences: inout ComparisonResult
  ) {
    let wanted = hidesIDs ? "without user ids" : "untouched"
    differences.expect(
      isAsItShouldBe ? wanted : "changed", toBe: wanted, "key and value in \(topic)",
      of: place.description)
  }

  /// A late event must at least be beyond the horizon behind its own partition, or, if it is older
  /// than all accepted there so far, behind the other inputs of its task.
  private mutating func expectTooLate(
    _ time: Milliseconds?, _ entry: SetAsideRecords.Entry, _ topic: String, _ place: LogPlace,
    _ differences: inout ComparisonResult
  ) {
    differences.expect(entry.reason, toBe: "too_late", "reason in \(topic)", of: place.description)
    guard let time else {
      differences.expect(
        "a record that cannot be used", toBe: "an event", topic, of: place.description)
      return
    }
    let own = largest[partition] ?? .min
    if isTooLate(time, behind: own) { return }
    if time < smallest ?? .max { return earliestTooLate.append((place, time)) }
    report(time, behind: own, place, &differences)
  }

  /// Judges what was too late although it was not too far behind its own partition.
  ///
  /// - Parameter others: the largest accepted event times of the task's inputs, by partition.
  func expectEarliestTooLate(
    behind others: [Int32: Milliseconds], into differences: inout ComparisonResult
  ) {
    for (place, time) in earliestTooLate {
      let largest = others[place.partition] ?? .min
      if !isTooLate(time, behind: largest) { report(time, behind: largest, place, &differences) }
    }
  }

  private var horizon: Milliseconds {
    definitions.watermarkDelay + definitions.correctionHorizon
  }

  private func isTooLate(_ time: Milliseconds, behind largest: Milliseconds) -> Bool {
    largest != .min && time < largest - horizon
  }

  private func report(
    _ time: Milliseconds, behind largest: Milliseconds, _ place: LogPlace,
    _ differences: inout ComparisonResult
  ) {
    differences.expect(
      largest == .min ? "not behind any" : "\(largest - time) ms",
      toBe: "more than \(horizon) ms", "distance behind the largest event time before it",
      of: place.description)
  }
}

/// What became of the records of an input.
public struct RecordTally: Equatable, Sendable {
  public var records = 0
  /// Nobody's, by `where` of all inputs of the topic.
  public var filtered = 0
  public var accepted = 0
  /// Versions that took the place of another of the same event.
  public var replaced = 0
  public var duplicates = 0
  /// As the dead letters say.
  public var deadLetters = 0
  /// As the late events say; without those that a backfill has counted.
  public var tooLate = 0

  public init() {}

  mutating func count(_ finding: Oracle.Finding) {
    switch finding {
    case .new: accepted += 1
    case .replacement: replaced += 1
    case .duplicate: duplicates += 1
    }
  }
}
