import Cluster
import Foundation
import Kafka
import Logging

/// A broker or a store that fails: what passes is waited out, with growing pauses, and said once; what does not is
/// thrown.
struct Trouble {
  private let patience: Duration
  private let logger: Logger
  private var since: ContinuousClock.Instant?
  private let firstPause: Double
  private var pause: Double
  private(set) var hasBeen = false
  /// Whose answer is missing.
  private var who = "the broker"

  /// - Parameter firstPause: in seconds; those after it are longer.
  init(patience: Duration, firstPause: Double, _ logger: Logger) {
    self.patience = patience
    self.firstPause = firstPause
    pause = firstPause
    self.logger = logger
  }

  /// Waits before the next attempt, or throws what another attempt cannot mend.
  mutating func meet(_ error: any Error, _ shouldStop: () -> Bool) throws {
    hasBeen = true
    if error is OperatorError { throw error }
    if let error = error as? KafkaError {
      if Trouble.fenced.contains(error.name) {
        throw OperatorError(
          "another ingest of this application_id has begun, or this one stood still for longer than "
            + "transaction.timeout.ms; what was not taken is left to the other, or to the next start"
        )
      }
      if error.requiresOperator { throw error }
    }
    let began = since ?? .now
    guard began.duration(to: .now) < patience else { throw error }
    who = error is StoreOutage ? "the store" : "the broker"
    if since == nil { logger.warning("\(error); going on when \(who) is back") }
    since = began
    for _ in 0..<Int(pause * 10) where !shouldStop() { Thread.sleep(forTimeInterval: 0.1) }
    pause = min(pause * 2, 10)
  }

  /// A transaction has succeeded.
  mutating func isOver() {
    if let since {
      logger.notice("\(who) is back, after \((since.duration(to: .now)).components.seconds) s")
    }
    since = nil
    pause = firstPause
  }

  private static let fenced: Set<String> = [
    "_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH",
  ]
}
