import Synchronization

/// Tells the connections to a database that nobody waits for their answers any more. Any thread.
public final class SQLInterruption: Sendable {
  private let isRaisedFlag = Atomic(false)

  public init() {}

  public var isRaised: Bool { isRaisedFlag.load(ordering: .relaxed) }

  /// A statement that runs gets a few seconds to end, and is cancelled then.
  public func raise() { isRaisedFlag.store(true, ordering: .relaxed) }
}
