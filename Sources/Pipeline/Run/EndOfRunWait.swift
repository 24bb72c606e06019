import Attribution
import Logging

/// Asks for the rest of the group twice a second, and says every ten seconds that it is waited for.
struct EndOfRunWait {
  private let now: @Sendable () -> Milliseconds
  private var next: Milliseconds = .min
  private var lastSaid: Milliseconds
  /// When it was first asked for.
  private var began: Milliseconds?
  /// Longer than a session that was not changed in the configuration.
  private static let limit: Milliseconds = 60_000

  /// - Parameter now: a monotonic clock, in milliseconds.
  init(_ now: @escaping @Sendable () -> Milliseconds) {
    self.now = now
    lastSaid = now()
  }

  var isDue: Bool { now() >= next }

  /// Whether somebody who is gone would have been missed by now.
  var isOver: Bool { began.map { now() - $0 >= EndOfRunWait.limit } ?? false }

  mutating func wait(_ logger: Logger, _ what: String) {
    began = began ?? now()
    next = now() + 500
    guard now() - lastSaid >= 10_000 else { return }
    lastSaid = now()
    logger.info(
      """
      waiting for partitions of the \(what) that another member of the group owns; those of one that \
      is gone come here when its session times out
      """)
  }
}
