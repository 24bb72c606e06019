import Attribution

/// What became of the records of one input.
public struct InputCounts: Sendable, Equatable {
  public var accepted = 0
  /// Accepted ones and replacements that came behind the watermark.
  public var late = 0
  /// Versions that took the place of another of the same event.
  public var replaced = 0
  public var duplicates = 0
  public var tooLate = 0
  public var deadLetters = 0
  /// Nobody's, by `where` of all inputs of the topic.
  public var filtered = 0
  /// Usable ones that lie in another partition than their user belongs to.
  public var misplaced = 0

  public init() {}

  public var records: Int {
    filtered + accepted + replaced + duplicates + tooLate + deadLetters
  }

  mutating func count(_ outcome: Outcome) {
    switch outcome {
    case .accepted: accepted += 1
    case .acceptedLate:
      accepted += 1
      late += 1
    case .replaced: replaced += 1
    case .replacedLate:
      replaced += 1
      late += 1
    case .duplicate: duplicates += 1
    case .tooLate: tooLate += 1
    }
  }

  public mutating func add(_ other: InputCounts) {
    accepted += other.accepted
    late += other.late
    replaced += other.replaced
    duplicates += other.duplicates
    tooLate += other.tooLate
    deadLetters += other.deadLetters
    filtered += other.filtered
    misplaced += other.misplaced
  }
}
