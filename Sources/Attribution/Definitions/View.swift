/// A named grouping of the event stream into rollups.
public struct View: Sendable, Hashable {
  public var name: String
  public var dimensions: [Dimension]
  /// Window length; divides a day.
  public var periodMilliseconds: Milliseconds
  public var bucketConversionsBy: ConversionBucket
  /// Windows that start before this are left to backfills: the view was added when there was history
  /// already. Nil for a view that was there from the beginning.
  public var since: Milliseconds?

  public init(
    name: String, dimensions: [Dimension], periodMilliseconds: Milliseconds,
    bucketConversionsBy: ConversionBucket = .conversion, since: Milliseconds? = nil
  ) {
    self.since = since
    self.name = name
    self.dimensions = dimensions
    self.periodMilliseconds = periodMilliseconds
    self.bucketConversionsBy = bucketConversionsBy
  }

  /// Names everything that what is published in the view depends on.
  public var fingerprint: UInt64 {
    let text =
      "\(name)|\(dimensions.map(\.rawValue).joined(separator: ","))|\(periodMilliseconds)"
      + "|\(bucketConversionsBy.rawValue)|\(since ?? .min)"
    return textHash(text)
  }

  /// The start of the window that holds `time`: aligned to the epoch, also before it.
  @inlinable
  public func windowStart(of time: Milliseconds) -> Milliseconds {
    let remainder = time % periodMilliseconds
    return time - (remainder < 0 ? remainder + periodMilliseconds : remainder)
  }
}
