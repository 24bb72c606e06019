/// The size of a task's state.
public struct StateSize: Sendable, Equatable {
  public var identityCount = 0
  public var identityBytes = 0
  /// Touches and conversions.
  public var recordCount = 0
  public var userCount = 0
  /// Interned tuples, the unattributed one included.
  public var tupleCount = 0
  public var journeyBytes = 0

  /// Of nothing.
  public init() {}

  init(
    identityCount: Int, identityBytes: Int, recordCount: Int, userCount: Int, tupleCount: Int,
    journeyBytes: Int
  ) {
    self.identityCount = identityCount
    self.identityBytes = identityBytes
    self.recordCount = recordCount
    self.userCount = userCount
    self.tupleCount = tupleCount
    self.journeyBytes = journeyBytes
  }

  /// Adds what another task remembers.
  public mutating func add(_ other: StateSize) {
    identityCount += other.identityCount
    identityBytes += other.identityBytes
    recordCount += other.recordCount
    userCount += other.userCount
    tupleCount += other.tupleCount
    journeyBytes += other.journeyBytes
  }
}
