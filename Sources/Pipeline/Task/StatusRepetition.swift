import Attribution
import Configuration

/// When tasks say again how they stand, though nothing has changed.
///
/// A status that somebody sent who had no right to any more is outlived by the owner's next one, and a task
/// that is idle vouches with every repetition for more of the time that has passed.
final class StatusRepetition {
  private static let longestInterval: Milliseconds = 10_000

  private let interval: Milliseconds
  private var last: Milliseconds
  private var isUnderWay = false

  /// - Parameter now: monotonic, as everywhere here.
  init(_ configuration: Configuration, now: Milliseconds) {
    interval = min(
      StatusRepetition.longestInterval,
      max(configuration.commitInterval, configuration.definitions.idleTimeout))
    last = now
  }

  func isDue(now: Milliseconds) -> Bool { now - last >= interval }

  /// Every task's status is in the open transaction.
  func begin() { isUnderWay = true }

  func didCommit(now: Milliseconds) {
    if isUnderWay { last = now }
    isUnderWay = false
  }
}
