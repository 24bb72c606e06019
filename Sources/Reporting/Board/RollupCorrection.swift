import Attribution

/// A rollup that was published again after it was final, with other numbers.
public struct RollupCorrection: Equatable, Sendable {
  public var windowStart: Milliseconds
  public var dimensions: [String]
  /// As it was when it became final, or as far back as the topic still tells.
  public var before: RollupSums
  public var after: RollupSums
  public var revision: Int64
}
