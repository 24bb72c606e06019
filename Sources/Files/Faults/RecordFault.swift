import Attribution

/// What a mapping or a file's format finds wrong with a record.
struct Complaint: Equatable, Sendable {
  /// Our field that it is about; nil for the record as a whole.
  var field: String?
  let problem: String
  var advice: Advice?
}

/// What to do about a fault. It is worked out only for faults that are shown with it.
enum Advice: Equatable, Sendable {
  case text(String)
  /// About a text that is not a time.
  case time(String, isMapped: Bool)
  /// About a text that is not an amount; `decimal` as in `inputs`.
  case amount(String, currency: String, decimal: Character?)
  /// About a field that is not among these.
  case name(String, among: [String])

  /// nil when nothing is known.
  var text: String? {
    switch self {
    case .text(let text): text
    case .time(let text, let isMapped): TimeAdvice.advice(text, isMapped: isMapped)
    case .amount(let text, let currency, let decimal):
      AmountAdvice.advice(text, currency: currency, decimal: decimal)
    case .name(let field, let names): NameAdvice.advice(for: field, among: names)
    }
  }
}

/// Why a record of a file cannot be used, for the owner of the file.
public struct RecordFault: Sendable, Equatable {
  /// `clicks.csv:17`.
  public let place: String
  /// The contract's word for it.
  public let reason: String
  /// The field that it is about; nil for the record as a whole.
  public let field: String?
  /// What is wrong, with the value unless that could be about a user.
  public let problem: String
  /// What to do about it, if that is known.
  public let advice: String?

  /// The fault in a line, without its place.
  public var text: String {
    (field.map { "\($0): " } ?? "") + problem + (advice.map { "; \($0)" } ?? "")
  }

  /// The fault in a line.
  public var line: String { "\(ShownText.short(place, most: 4_096)): \(text)" }
}

/// What kind of fault a record has: faults are counted by it.
public struct FaultGroup: Sendable, Hashable, Comparable {
  public let reason: String
  public let field: String?

  /// `invalid_field event_time`.
  public var name: String { field.map { "\(reason) \($0)" } ?? reason }

  public static func < (left: FaultGroup, right: FaultGroup) -> Bool { left.name < right.name }
}

/// Faults of many records: how many there are of each group, and an example of each.
///
/// Bounded by the number of groups, which reasons and fields bound.
public struct FaultCounts: Sendable {
  public struct Count: Sendable {
    public var count = 0
    public let example: RecordFault
  }

  public private(set) var groups: [FaultGroup: Count] = [:]

  /// No faults.
  public init() {}

  /// The number of records.
  public var total: Int { groups.values.reduce(0) { $0 + $1.count } }

  /// The groups, the largest first.
  public var sorted: [(group: FaultGroup, count: Count)] {
    groups.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
      .map { ($0.key, $0.value) }
  }

  /// The numbers by reason alone.
  public var byReason: [String: Int] {
    groups.reduce(into: [:]) { $0[$1.key.reason, default: 0] += $1.value.count }
  }

  /// Counts a fault, and gives it as it is to be shown: with advice if it is the first of its group.
  @discardableResult
  mutating func add(_ complaint: Complaint, _ reason: String, at place: String) -> RecordFault {
    let group = FaultGroup(reason: reason, field: complaint.field)
    let isNew = groups[group] == nil
    let fault = RecordFault(
      place: place, reason: reason, field: complaint.field, problem: complaint.problem,
      advice: isNew ? complaint.advice?.text : nil)
    groups[group, default: Count(example: fault)].count += 1
    return fault
  }

  /// Adds the faults of other records.
  mutating func add(_ other: FaultCounts) {
    for (group, count) in other.groups {
      groups[group, default: Count(example: count.example)].count += count.count
    }
  }
}
