import Synchronization

/// The answer to a question, once it has come.
public final class PendingAnswer<Value: Sendable>: Sendable {
  private let state: Mutex<Result<Value, any Error>?>

  public init() { state = Mutex(nil) }

  /// An answer that is there at once.
  public init(_ result: Result<Value, any Error>) { state = Mutex(result) }

  /// What came of it; nil while there is no answer.
  public var result: Result<Value, any Error>? { state.withLock { $0 } }

  public func resolve(_ result: Result<Value, any Error>) { state.withLock { $0 = result } }
}
