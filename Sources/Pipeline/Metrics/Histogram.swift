/// How often a measured length of time fell into each of a few ranges. A plain value: no lock.
public struct Histogram: Sendable, Equatable {
  /// Upper bounds of the ranges in seconds, ascending; the last range is open.
  public let bounds: [Double]
  /// One more than there are bounds.
  public private(set) var counts: [Int]
  /// Of all that was measured, in seconds.
  public private(set) var sum = 0.0

  public init(bounds: [Double]) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count + 1)
  }

  public var count: Int { counts.reduce(0, +) }

  /// Adds what took `seconds`, `times` over.
  public mutating func observe(_ seconds: Double, times: Int = 1) {
    counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += times
    sum += seconds * Double(times)
  }

  /// Adds what another one of the same bounds has counted.
  public mutating func add(_ other: Histogram) {
    precondition(bounds == other.bounds, "histograms of different bounds do not add up")
    for index in counts.indices { counts[index] += other.counts[index] }
    sum += other.sum
  }
}
