import Attribution

/// What a backfill has done, or would do.
public struct BackfillResult: Sendable {
  /// The change of one window.
  public struct Change: Sendable {
    public var key: RollupKey
    public var before: RollupSums
    public var after: RollupSums
  }

  /// Late events counted by it, those that turned out to be duplicates included.
  public var eventsCounted = 0
  /// Late events of the period that must wait, because their task may still accept events as old.
  public var eventsWaiting = 0
  public var windowsChanged = 0
  /// Windows that were recomputed.
  public var windowsCompared = 0
  public var attributionsChanged = 0
  /// The windows that change most, the largest change first.
  public var largest: [Change] = []
  /// Where an earlier run with the same period had stopped; nil when there was none.
  public var resumedFrom: Milliseconds?

  static let changesToKeep = 10

  mutating func note(_ change: Change) {
    windowsChanged += 1
    let weight = change.weight
    guard largest.count < Self.changesToKeep || weight > largest[largest.count - 1].weight else {
      return
    }
    let place = largest.firstIndex { $0.weight < weight } ?? largest.count
    largest.insert(change, at: place)
    if largest.count > Self.changesToKeep { largest.removeLast() }
  }
}

extension BackfillResult.Change {
  /// Money first, then conversions, then counts.
  fileprivate var weight: (UInt128, UInt64, UInt64) {
    func largest<Sum: FixedWidthInteger>(_ pairs: [(Sum, Sum)]) -> Sum.Magnitude {
      pairs.map { ($0.0 - $0.1).magnitude }.max() ?? 0
    }
    return (
      max(
        largest(Array(zip(before.revenues, after.revenues))),
        (before.spend - after.spend).magnitude),
      largest(Array(zip(before.credits, after.credits))),
      largest([(before.clicks, after.clicks), (before.impressions, after.impressions)])
    )
  }
}
