import Synchronization

/// How many records have been found to be of each entry of a plan, by all who read its topic. Thread-safe.
public final class EntryMatches: Sendable {
  private let counts: Mutex<[Int]>

  init(entries: Int) { counts = Mutex(Array(repeating: 0, count: entries)) }

  /// In the order of the entries.
  public var totals: [Int] { counts.withLock { $0 } }

  /// Adds what somebody has counted of an entry. Once a batch.
  func add(_ count: Int, to entry: Int) { counts.withLock { $0[entry] += count } }
}
