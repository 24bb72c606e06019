/// What is kept and forgotten as a whole: what happened in one slice of event time, or the impressions of it where those
/// are kept for another time than the rest.
public struct StateBucket: Hashable, Comparable, Sendable {
  /// As the changelog's keys spell it.
  public let number: UInt64

  /// Above every slice's number.
  private static let impressionBit: UInt64 = 1 << TimeBuckets.bits

  public init(number: UInt64) { self.number = number }

  init(_ slice: UInt64, isOfImpressions: Bool) {
    number = isOfImpressions ? slice | StateBucket.impressionBit : slice
  }

  /// The number of the slice of event time.
  @inline(__always)
  public var slice: UInt64 { number & (StateBucket.impressionBit &- 1) }

  /// Whether it holds impressions alone, and is kept as long as those.
  @inline(__always)
  public var isOfImpressions: Bool { number & StateBucket.impressionBit != 0 }

  public static func < (left: StateBucket, right: StateBucket) -> Bool {
    left.number < right.number
  }
}

/// Which buckets are kept: those from a slice of event time on.
public struct LiveBuckets: Equatable, Sendable {
  /// The first slice of which everything but impressions is kept.
  public var first: UInt64
  /// The first slice of which impressions are kept.
  public var firstOfImpressions: UInt64

  public init(first: UInt64 = 0, firstOfImpressions: UInt64 = 0) {
    self.first = first
    self.firstOfImpressions = firstOfImpressions
  }

  /// The first slice of which anything is kept.
  var firstOfAny: UInt64 { min(first, firstOfImpressions) }

  /// The first slice of which everything is kept.
  var firstOfAll: UInt64 { max(first, firstOfImpressions) }

  /// The first slice of which events of a kind are kept.
  @inline(__always)
  public func first(of kind: EventKind) -> UInt64 {
    kind == .impression ? firstOfImpressions : first
  }

  @inline(__always)
  public func contains(_ bucket: StateBucket) -> Bool {
    bucket.slice >= (bucket.isOfImpressions ? firstOfImpressions : first)
  }

  /// Kept until now, and by `other` as well.
  func narrowed(to other: LiveBuckets) -> LiveBuckets {
    LiveBuckets(
      first: max(first, other.first),
      firstOfImpressions: max(firstOfImpressions, other.firstOfImpressions))
  }
}
