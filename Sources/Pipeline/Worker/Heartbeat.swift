// Safety: `@unchecked Sendable` because all state is behind `lock`.

import Foundation

/// A sign of life of a worker's thread, and word from whoever waits for it. Thread-safe.
package final class Heartbeat: @unchecked Sendable {
  private let lock = NSLock()
  private var lastBeat = ContinuousClock.now
  private var isUnlimited = false
  private var abandoned = false

  package init() {}

  /// Says that the worker has come round once more.
  func beat() { lock.withLock { lastBeat = .now } }

  /// Since when nothing has been heard; zero while the worker does what has limits of its own.
  var silence: Duration {
    lock.withLock { isUnlimited ? .zero : lastBeat.duration(to: .now) }
  }

  /// Whether somebody else does this worker's work by now: it must touch nothing and end.
  var isAbandoned: Bool { lock.withLock { abandoned } }

  func abandon() { lock.withLock { abandoned = true } }

  /// Runs what may take long but cannot hang.
  func withoutLimit<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock.withLock { isUnlimited = true }
    defer {
      lock.withLock {
        isUnlimited = false
        lastBeat = .now
      }
    }
    return try body()
  }
}
