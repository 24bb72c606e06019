/// What became of the records of a topic that is re-keyed.
public struct RekeyCounts: Sendable, Equatable {
  /// Passed on.
  public var forwarded = 0
  public var deadLetters = 0
  /// Nobody's.
  public var filtered = 0

  public init() {}

  public var records: Int { forwarded + deadLetters + filtered }

  public mutating func add(_ other: RekeyCounts) {
    forwarded += other.forwarded
    deadLetters += other.deadLetters
    filtered += other.filtered
  }
}
