import Cluster
import Foundation
import Kafka
import Logging

/// An outage of a broker or a store. `ingest` waits it out with growing pauses and logs it once; an error that does not
/// pass by itself is thrown.
package struct Outage {
  private let timeout: Duration
  private let logger: Logger
  private var since: ContinuousClock.Instant?
  private let firstPause: Double
  private var pause: Double
  private(set) var hasOccurred = false
  /// Whose answer is missing.
  private var who = "the broker"

  /// - Parameter firstPause: in seconds; those after it are longer.
  package init(timeout: Duration, firstPause: Double, _ logger: Logger) {
    self.timeout = timeout
    self.firstPause = firstPause
    pause = firstPause
    self.logger = logger
  }

  /// Waits before the next attempt, or throws an error that another attempt cannot cure.
  package mutating func waitOrThrow(_ error: any Error, _ shouldStop: () -> Bool) throws {
    hasOccurred = true
    if error is OperatorError { throw error }
    if let error = error as? KafkaError {
      if Outage.fenced.contains(error.name) {
        throw OperatorError(
          "another ingest of this application_id has begun, or this one stood still for longer than "
            + "transaction.timeout.ms; what was not taken is left to the other, or to the next start"
        )
      }
      if error.requiresOperator { throw error }
    }
    let began = since ?? .now
    guard began.duration(to: .now) < timeout else { throw error }
    who = error is StoreOutage ? "the store" : "the broker"
    if since == nil { logger.warning("\(error); going on when \(who) is back") }
    since = began
    for _ in 0..<Int(pause * 10) where !shouldStop() { Thread.sleep(forTimeInterval: 0.1) }
    pause = min(pause * 2, 10)
  }

  /// A transaction has succeeded.
  package mutating func end() {
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
