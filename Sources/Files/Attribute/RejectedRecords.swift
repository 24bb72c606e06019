import Attribution

/// The records of files that did not count: how many, why, and where an example of each is.
public struct RejectedRecords: Sendable {
  /// Records that can never be used.
  public private(set) var deadLetters: [EventKind: FaultCounts] = [:]
  /// Where the first event of each kind is that came too late.
  public private(set) var tooLate: [EventKind: String] = [:]

  mutating func add(_ kind: EventKind, _ complaint: Complaint, _ reason: String, at place: String) {
    deadLetters[kind, default: FaultCounts()].add(complaint, reason, at: place)
  }

  mutating func addTooLate(_ kind: EventKind, at place: String) {
    if tooLate[kind] == nil { tooLate[kind] = place }
  }
}
