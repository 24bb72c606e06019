/// Where the log of a partition begins and ends.
public struct LogBounds: Equatable, Sendable {
  /// The oldest offset that it still has.
  public var start: Int64
  /// The offset behind the last committed record: what a reader of committed records can come to.
  public var stableEnd: Int64
  /// The offset behind the last record, of transactions still open too.
  public var end: Int64

  public init(start: Int64, stableEnd: Int64, end: Int64) {
    self.start = start
    self.stableEnd = stableEnd
    self.end = end
  }
}
