import Attribution
import Configuration

/// What a sample of a topic's records says about its entries of `inputs`.
public struct TopicReport: Sendable {
  public let topic: String
  public private(set) var records = 0
  public private(set) var events = 0
  public private(set) var filtered = 0
  public private(set) var rejected = 0
  private let plan: InputPlan
  /// By entry: records that are its, and of these how many have each field.
  private var matches: [Int]
  private var found: [[String: Int]]
  /// By an earlier and a later entry: records that fit both.
  private var fights: [Pair: Int] = [:]
  private var filterReasons: [String: Int] = [:]
  private var rejections: [Unusable: Int] = [:]

  /// Records that cannot be used for the same reason.
  public struct Unusable: Hashable, Sendable {
    public var reason: String
    /// As in dead letters; nil where the fault is the record's.
    public var field: String?
    public var detail: String
  }

  /// Why records cannot be used, the most frequent first.
  public var unusable: [(why: Unusable, count: Int)] {
    rejections.map { ($0.key, $0.value) }.sorted {
      ($1.1, $0.0.reason, $0.0.field ?? "", $0.0.detail)
        < ($0.1, $1.0.reason, $1.0.field ?? "", $1.0.detail)
    }
  }

  private struct Pair: Hashable {
    var first: Int
    var second: Int
  }

  public init(_ plan: InputPlan) {
    self.plan = plan
    topic = plan.topic
    matches = Array(repeating: 0, count: plan.entries.count)
    found = Array(repeating: [:], count: plan.entries.count)
  }

  public mutating func add(_ record: RecordExplanation) {
    records += 1
    switch record.reading {
    case .event: events += 1
    case .filtered:
      filtered += 1
      if filterReasons.count < 100 || filterReasons[record.reason] != nil {
        filterReasons[record.reason, default: 0] += 1
      }
    case .rejected(let rejection):
      rejected += 1
      let why = Unusable(
        reason: rejection.reason.rawValue, field: record.field, detail: record.detail ?? "")
      if rejections.count < 100 || rejections[why] != nil { rejections[why, default: 0] += 1 }
    }
    guard let entry = record.entry else { return }
    matches[entry] += 1
    for other in record.alsoFits { fights[Pair(first: entry, second: other), default: 0] += 1 }
    for field in record.fields where field.found != nil {
      found[entry][field.name, default: 0] += 1
    }
  }

  /// What is wrong with the mapping, a line each.
  public var warnings: [String] {
    guard records > 0 else { return [] }
    var warnings: [String] = []
    for (index, entry) in plan.entries.enumerated() {
      let name = plan.entries.count == 1 ? "\(entry.kind)" : "\(entry.kind) (entry \(index + 1))"
      guard matches[index] > 0 else {
        if !entry.conditions.isEmpty {
          let most = filterReasons.max { ($0.value, $1.key) < ($1.value, $0.key) }
          warnings.append(
            "\(topic), \(name): `where` holds for none of \(records) records"
              + (most.map { "; most are \($0.key)" } ?? ""))
        }
        continue
      }
      for field in entry.fields where isNeverFound(field, entry, index) {
        warnings.append(
          "\(topic), \(name): \(field.name): \(field.paths.map(\.text).joined(separator: ", ")) is in none of "
            + "\(matches[index]) records")
      }
    }
    let pairs = fights.sorted { ($0.key.first, $0.key.second) < ($1.key.first, $1.key.second) }
    for (pair, count) in pairs {
      let kinds = (plan.entries[pair.first].kind, plan.entries[pair.second].kind)
      warnings.append(
        "\(topic): \(count) of \(records) records fit entry \(pair.first + 1) (\(kinds.0)) and entry "
          + "\(pair.second + 1) (\(kinds.1)); the first takes them")
    }
    return warnings
  }

  /// Paths that somebody wrote, and required fields.
  private func isNeverFound(_ field: EntryPlan.Field, _ entry: EntryPlan, _ index: Int) -> Bool {
    guard !field.paths.isEmpty, found[index][field.name] == nil else { return false }
    let isMapped = field.paths != [.member(field.name)]
    let isNeeded = entry.kind.requiredFields.contains(field.name) && field.fallback == nil
    return isMapped || isNeeded
  }
}
