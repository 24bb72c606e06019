// Safety: `@unchecked Sendable` because the mutable state is behind `lock`; a worker is made, used and
// closed on the thread that `start` gives it.

import Cluster
import Foundation
import Kafka
import Logging

/// Keeps one worker running on a thread of its own: builds it again, with growing pauses, when it
/// fails, and gives its work to a new one when it hangs.
///
/// Says so once when the worker fails, once more when it fails differently, and once when it is well
/// again.
final class Supervisor: @unchecked Sendable {
  /// Builds a worker and drives it to its end. Calls `beat` every round and ends early, touching
  /// nothing more, when the heartbeat says that it was abandoned.
  typealias Body = @Sendable (Heartbeat, _ isWell: () -> Void) throws -> Void

  let name: String
  private let logger: Logger
  private let stallTimeout: Duration
  private let shouldStop: @Sendable () -> Bool
  private let fail: @Sendable (any Error) -> Void
  private let body: Body

  private let lock = NSLock()
  private var heartbeat = Heartbeat()
  private var isDone = false
  /// Since when the worker has not been well, and what it said last.
  private var trouble: (since: ContinuousClock.Instant, lastSaid: String)?

  private static let shortestPause = Duration.milliseconds(250)
  private static let longestPause = Duration.seconds(10)

  /// - Parameters:
  ///   - shouldStop: whether a failed worker need not be built again.
  ///   - fail: takes what only an operator can mend.
  init(
    _ name: String, stallTimeout: Duration, logger: Logger,
    shouldStop: @escaping @Sendable () -> Bool, fail: @escaping @Sendable (any Error) -> Void,
    body: @escaping Body
  ) {
    self.name = name
    self.stallTimeout = stallTimeout
    self.logger = logger
    self.shouldStop = shouldStop
    self.fail = fail
    self.body = body
  }

  /// Starts a thread with a worker.
  func start() {
    let heartbeat = Heartbeat()
    lock.withLock { self.heartbeat = heartbeat }
    let thread = Thread { [self] in
      keepRunning(heartbeat)
      lock.withLock { if self.heartbeat === heartbeat { isDone = true } }
    }
    thread.name = name
    thread.stackSize = 4 << 20
    thread.start()
  }

  /// Whether the worker has done all it should, or stopped.
  var hasEnded: Bool { lock.withLock { isDone } }

  /// Leaves a worker that hangs to itself and starts another, whose producer fences the old one's.
  func replaceIfStalled() {
    let silent = lock.withLock { isDone ? nil : heartbeat }
    guard let silent, silent.silence > stallTimeout else { return }
    logger.error(
      """
      \(name) has made no progress for \(stallTimeout.inSeconds) s; it is abandoned, and another takes \
      its place
      """)
    silent.abandon()
    start()
  }

  private func keepRunning(_ heartbeat: Heartbeat) {
    var pause = Supervisor.shortestPause
    while !shouldStop() && !heartbeat.isAbandoned {
      let began = ContinuousClock.now
      do {
        return try body(heartbeat) { isWell() }
      } catch {
        guard !heartbeat.isAbandoned else { return }
        if began.duration(to: .now) > .seconds(60) { pause = Supervisor.shortestPause }
        // The process ends with it, and says so once.
        if isUnrecoverable(error) { return fail(error) }
        say(error)
        rest(pause, heartbeat)
        pause = min(pause * 2, Supervisor.longestPause)
      }
    }
  }

  private func rest(_ pause: Duration, _ heartbeat: Heartbeat) {
    let due = ContinuousClock.now + pause
    while ContinuousClock.now < due && !shouldStop() {
      heartbeat.beat()
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  /// Whether building the worker again cannot help. A topic that is missing may be one that a broker
  /// has not heard of yet.
  private func isUnrecoverable(_ error: any Error) -> Bool {
    if error is OperatorError { return true }
    guard let error = error as? KafkaError, error.requiresOperator else { return false }
    let since = lock.withLock { trouble?.since } ?? .now
    return !error.mayBeTransient || since.duration(to: .now) > stallTimeout
  }

  // MARK: What is said

  private func say(_ error: any Error) {
    // Words change with every attempt, the kind of error does not.
    let kind = (error as? KafkaError).map { "\($0.operation) \($0.name)" } ?? "\(error)"
    let isNews = lock.withLock {
      defer { trouble = (trouble?.since ?? .now, kind) }
      return trouble?.lastSaid != kind
    }
    logger.log(
      level: isNews ? .error : .debug,
      """
      \(name) stops: \(error); it starts again, with pauses of up to \
      \(Supervisor.longestPause.inSeconds) s, until it succeeds
      """)
  }

  private func isWell() {
    guard let since = lock.withLock({ trouble?.since }) else { return }
    lock.withLock { trouble = nil }
    logger.notice("\(name) runs again, after \(since.duration(to: .now).inSeconds) s")
  }
}
