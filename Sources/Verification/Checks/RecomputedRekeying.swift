import Attribution
import Codec
import Inputs

/// Records as a set that may hold one several times: how many, and a sum of hashes of their values and timestamps.
///
/// Two sets that differ have the same sum once in 2^64.
struct PassedOnRecords: Equatable {
  private(set) var count = 0
  private var sum: Int = 0

  mutating func add(_ record: LoggedRecord) {
    var hasher = Hasher()
    hasher.combine(record.timestamp)
    if let value = record.value { hasher.combine(bytes: value) }
    count += 1
    sum &+= hasher.finalize()
  }

  mutating func add(_ other: PassedOnRecords) {
    count += other.count
    sum &+= other.sum
  }
}

/// What became of the records of a topic that is re-keyed.
public struct RekeyingTally: Equatable, Sendable {
  public var records = 0
  /// Nobody's, by `where` of all inputs of the topic.
  public var filtered = 0
  public var passedOn = 0
  /// As the dead letters say.
  public var deadLetters = 0

  public init() {}
}

/// A topic that is re-keyed, read again: which of its records are to be passed on.
struct RecomputedRekeying {
  let plan: InputPlan
  let number: Int
  private var decoder: InputDecoder
  private(set) var passedOn: [EventKind: PassedOnRecords] = [:]
  private var records = 0
  private var filtered = 0
  /// Refused by the processor's clock; by the record's own it is no event of the future.
  private(set) var refusedByClock = 0

  var topic: String { plan.topic }

  init(_ source: VerificationPass.RekeyedSource, number: Int, definitions: Definitions) {
    plan = source.plan
    self.number = number
    decoder = InputDecoder(source.plan, definitions: definitions)
  }

  mutating func take(
    _ record: LoggedRecord, _ deadLetters: inout SetAsideRecords,
    _ differences: inout ComparisonResult
  ) throws {
    records += 1
    let place = record.place(in: topic).description
    let deadLetter = deadLetters.match(input: number, .init(record))
    decoder.recycle()
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let reading = try decoder.decode(record, into: &event)
    var reason: RejectionReason?
    if case .rejected(let found) = reading { reason = found.reason }
    // By which clock that was decided, and what the registry knew then, nobody knows any more.
    if reading == .event || reason == .wrongCurrency,
      deadLetter?.reason == RejectionReason.futureEvent.rawValue
    {
      reason = .futureEvent
      refusedByClock += 1
    } else if deadLetter?.reason == RejectionReason.unknownSchema.rawValue {
      reason = .unknownSchema
    }
    if let deadLetter {
      differences.expect(
        deadLetter.isLeft(of: record) ? "untouched" : "changed", toBe: "untouched",
        "key and value in \(deadLetters.topic)", of: place)
    }
    differences.expect(
      deadLetter?.reason ?? "absent", toBe: reason?.rawValue ?? "absent",
      "record in \(deadLetters.topic)", of: place)
    guard reason == nil else { return }
    if reading == .filtered {
      filtered += 1
    } else {
      passedOn[event.kind, default: PassedOnRecords()].add(record)
    }
  }

  func tally(deadLetters: Int) -> RekeyingTally {
    var tally = RekeyingTally()
    tally.records = records
    tally.filtered = filtered
    tally.passedOn = passedOn.values.reduce(0) { $0 + $1.count }
    tally.deadLetters = deadLetters
    return tally
  }
}
