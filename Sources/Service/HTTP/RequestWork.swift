import Synchronization

/// How long the answer to a request is wanted: until its deadline, and as long as the client is there.
public final class RequestWork: Sendable {
  /// Why work was broken off.
  public enum Interruption: Error {
    case deadline
    case clientLeft
  }

  private let end: ContinuousClock.Instant?
  private let isCancelled = Atomic(false)
  private let isBegun = Atomic(false)

  /// - Parameter limit: nil for as long as it takes.
  public init(limit: Duration? = nil) { end = limit.map { .now + $0 } }

  /// Whether a thread has begun with it.
  var hasBegun: Bool { isBegun.load(ordering: .relaxed) }

  func begin() { isBegun.store(true, ordering: .relaxed) }

  /// The client has gone. Any thread.
  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  /// To be called now and then by whoever works long: throws once nobody wants the answer.
  public func check() throws(Interruption) {
    if isCancelled.load(ordering: .relaxed) { throw .clientLeft }
    if let end, end < .now { throw .deadline }
  }
}
