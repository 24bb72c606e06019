import Synchronization

/// How much of objects is kept in memory, over all objects of a process.
final class KeptBytes: Sendable {
  private let limit: Int64
  private let taken = Mutex(Int64(0))

  /// - Parameter limit: in bytes.
  init(limit: Int64) { self.limit = limit }

  /// Takes so many bytes; false where there is no room for them.
  func take(_ count: Int64) -> Bool {
    taken.withLock { taken in
      guard taken + count <= limit else { return false }
      taken += count
      return true
    }
  }

  func giveBack(_ count: Int64) { taken.withLock { $0 -= count } }
}
