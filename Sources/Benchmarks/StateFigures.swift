import Attribution

/// What a task's state takes, all overhead included.
public struct StateFigures: Sendable {
  public var identities: Int
  public var bytesPerIdentity: Double
  /// Touches and conversions.
  public var records: Int
  public var users: Int
  public var bytesPerRecord: Double

  init(_ size: StateSize) {
    identities = size.identityCount
    bytesPerIdentity = Double(size.identityBytes) / Double(max(1, size.identityCount))
    records = size.recordCount
    users = size.userCount
    bytesPerRecord = Double(size.journeyBytes) / Double(max(1, size.recordCount))
  }
}
