/// One published state of a rollup, by reference: what it holds is lent for one call.
public struct RollupRevision {
  /// The view's number in the definitions.
  public var view: Int
  public var windowStart: Milliseconds
  /// Exclusive end of the window.
  public var windowEnd: Milliseconds
  /// The values of the view's dimensions, spelled as in the record key: one spelling for each.
  public var names: BorrowedBytes
  /// In the order of `SumsLayout`; of a sum beyond 64 bits its lower half, see `sum`.
  public var sums: UnsafeBufferPointer<Int64>
  /// All sums, if one of them does not fit 64 bits.
  public var wideSums: UnsafeBufferPointer<Int128>?
  /// Whether the watermark of every task has passed the window's end.
  public var isFinal: Bool
  /// Counts up with each publication, from 1.
  public var number: Int64
  /// The least watermark of all tasks at publication; nil before every task has one.
  public var watermark: Milliseconds?

  public init(
    view: Int, windowStart: Milliseconds, windowEnd: Milliseconds, names: BorrowedBytes,
    sums: UnsafeBufferPointer<Int64>, wideSums: UnsafeBufferPointer<Int128>? = nil,
    isFinal: Bool, number: Int64, watermark: Milliseconds? = nil
  ) {
    self.wideSums = wideSums
    self.view = view
    self.windowStart = windowStart
    self.windowEnd = windowEnd
    self.names = names
    self.sums = sums
    self.isFinal = isFinal
    self.number = number
    self.watermark = watermark
  }

  /// The exact sum of a column.
  public func sum(_ column: Int) -> Int128 {
    if let wideSums { return wideSums[column] }
    return Int128(sums[column])
  }
}
