/// The change of one rollup bucket, lent for one call.
public struct RollupDelta {
  /// Index of the view in the definitions.
  public var view: Int
  public var windowStart: Milliseconds
  /// Signed changes in the order of `SumsLayout`.
  public var sums: UnsafeBufferPointer<Int64>
  let names: NameList

  /// The bucket's value of its view's dimension at this index.
  public func value(_ index: Int) -> BorrowedBytes { names[index] }
}
