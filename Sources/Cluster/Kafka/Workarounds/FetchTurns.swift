// Safety: `@unchecked Sendable` because all state is behind `lock`.

import Foundation

/// Lets the consumers of a process begin large backlogs in turn. Thread-safe.
///
/// Whoever has the turn must `keep` it at least every three seconds; a turn that is not kept is free, so
/// that a worker that is busy restoring, or gone, holds up nobody.
final class FetchTurns: @unchecked Sendable {
  /// Tells the takers of turns apart.
  final class Name: Sendable {}

  private let lock = NSLock()
  private var holder: Name?
  private var lastKept = ContinuousClock.now

  /// Whether the turn is free, or `name`'s already; it is `name`'s now.
  func take(_ name: Name) -> Bool {
    lock.withLock {
      let now = ContinuousClock.now
      guard holder == nil || holder === name || lastKept.duration(to: now) > .seconds(3) else {
        return false
      }
      holder = name
      lastKept = now
      return true
    }
  }

  /// Says that the turn is still needed.
  func keep(_ name: Name) {
    lock.withLock { if holder === name { lastKept = .now } }
  }

  /// Leaves the turn to others.
  func give(_ name: Name) {
    lock.withLock { if holder === name { holder = nil } }
  }
}
