/// The order of a delta's or rollup's sums in a row of integers.
public struct SumsLayout: Sendable {
  public let modelCount: Int

  public init(modelCount: Int) { self.modelCount = modelCount }

  /// The layout of so many integers per row; nil if there is none.
  public init?(width: Int) {
    guard width >= 5, (width - 5).isMultiple(of: 2) else { return nil }
    modelCount = (width - 5) / 2
  }

  public static let impressions = 0
  public static let clicks = 1
  public static let users = 2
  public static let sessions = 3
  public static let spend = 4
  @inlinable public func credit(_ model: Int) -> Int { 5 + model }
  @inlinable public func revenue(_ model: Int) -> Int { 5 + modelCount + model }
  /// What a model adds to a row.
  public func columns(of model: Int) -> [Int] { [credit(model), revenue(model)] }
  /// Integers per row.
  @inlinable public var width: Int { 5 + 2 * modelCount }
}
