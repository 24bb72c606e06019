import Attribution
import Kafka

/// A question that is asked until it is answered, with growing pauses.
package struct RepeatedQuestion<Value: Sendable> {
  private static var shortestPause: Milliseconds { 250 }
  private static var longestPause: Milliseconds { 5_000 }

  package private(set) var answer: Value?
  private var pending: PendingAnswer<Value>?
  private var pause = RepeatedQuestion.shortestPause
  private var failedAt: Milliseconds?

  package init() {}

  /// Looks for the answer, or asks where it is time to.
  ///
  /// - Returns: the error of a question that has just failed; it is going to be asked again.
  package mutating func advance(
    now: Milliseconds, _ ask: () -> PendingAnswer<Value>
  ) throws -> (any Error)? {
    guard answer == nil else { return nil }
    if let pending {
      guard let result = pending.result else { return nil }
      self.pending = nil
      switch result {
      case .success(let value): answer = value
      case .failure(let error): return try fail(error, now: now)
      }
      return nil
    }
    // A clock that has gone back must not stop anybody from asking.
    if let failedAt, now >= failedAt, now - failedAt < pause { return nil }
    if failedAt != nil { pause = min(pause * 2, Self.longestPause) }
    pending = ask()
    return nil
  }

  /// Has it asked after a pause only.
  package mutating func pauseBeforeAsking(now: Milliseconds) { failedAt = now }

  /// Takes an answer back that is of no use: the question is asked again after a pause.
  ///
  /// - Throws: an error that no repetition mends.
  package mutating func fail(_ error: any Error, now: Milliseconds) throws -> any Error {
    if let error = error as? KafkaError, error.requiresOperator, !error.mayBeTransient {
      throw error
    }
    if !(error is KafkaError || error is LogStall) { throw error }
    answer = nil
    failedAt = now
    return error
  }
}
