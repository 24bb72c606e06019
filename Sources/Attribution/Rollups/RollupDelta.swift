/// The change of one rollup bucket, lent for one call.
public struct RollupDelta {
  /// Index of the view in the definitions.
  public var view: Int
  public var windowStart: Milliseconds
  /// Signed changes in the order of `SumsLayout`.
  public var sums: UnsafeBufferPointer<Int64>
  let campaignID: BorrowedBytes
  let channel: BorrowedBytes
  let adID: BorrowedBytes

  /// The bucket's value of one of its view's dimensions.
  public func value(of dimension: Dimension) -> BorrowedBytes {
    switch dimension {
    case .campaignID: campaignID
    case .channel: channel
    case .adID: adID
    }
  }
}
