import Attribution
import Configuration
import Logging
import Synchronization

/// Counts what the workers of a process remember, and has them read no further where it is too much.
///
/// The kernel kills a process that takes all memory, without a word, and whoever gets its partitions is
/// next. A process that only stops reading keeps its partitions, stays in its groups and says what is
/// wrong. It goes on once it remembers less than 95% of the limit. Thread-safe.
///
///     let limit = MemoryLimit(bytes: 4 << 30)
///     if limit.isReached(by: "attribution-0", holding: sizes, logger) { return 0 }
public final class MemoryLimit: Sendable {
  /// How much there may be, and is.
  public struct Use: Sendable {
    public var limit: Int
    /// Bytes by store.
    public var stores: [String: Int]
    public var isShedding: Bool

    public var total: Int { stores.values.reduce(0, +) }

    /// Why nothing is read, in a sentence; nil while something is.
    public var obstacle: String? {
      guard isShedding else { return nil }
      return "\(total >> 20) of \(limit >> 20) MiB (max_memory) are in use: nothing more is read"
    }
  }

  private struct State {
    /// By worker.
    var stores: [String: [StoreSize]] = [:]
    /// Bytes of restores under way, by worker.
    var restores: [String: Int] = [:]
    var isShedding = false

    var total: Int {
      stores.values.joined().reduce(0) { $0 + $1.bytes } + restores.values.reduce(0, +)
    }

    var byStore: [String: Int] {
      var bytes = stores.values.joined().reduce(into: [:]) {
        $0[$1.name, default: 0] += $1.bytes
      }
      bytes["restores"] = restores.values.reduce(0, +)
      return bytes
    }
  }

  /// In bytes.
  public let bytes: Int
  private let state = Mutex(State())

  public init(bytes: Int) { self.bytes = bytes }

  /// As configured, or three quarters of the memory that the process may use.
  public convenience init(_ configuration: Configuration) {
    self.init(
      bytes: configuration.maxMemory > 0
        ? configuration.maxMemory : ContainerMemory.bytes / 4 * 3)
  }

  /// Below this reading goes on.
  private var resumption: Int { bytes / 100 * 95 }

  public var use: Use {
    state.withLock {
      Use(limit: bytes, stores: $0.byStore, isShedding: $0.isShedding)
    }
  }

  /// Notes what a worker remembers now, in place of what it remembered before.
  ///
  /// - Returns: whether the worker should read no further.
  func isReached(
    by worker: String, holding stores: [StoreSize], _ logger: @autoclosure () -> Logger
  ) -> Bool {
    let (isShedding, hasChanged, use) = state.withLock { state in
      state.stores[worker] = stores
      state.restores[worker] = nil
      let total = state.total
      let before = state.isShedding
      state.isShedding = before ? total >= resumption : total > bytes
      let hasChanged = state.isShedding != before
      return (state.isShedding, hasChanged, hasChanged ? state.byStore : [:])
    }
    if hasChanged { report(isShedding, use, logger()) }
    return isShedding
  }

  /// Whether a task may be opened now that takes at least so many bytes.
  func hasRoom(for more: Int) -> Bool {
    state.withLock { !$0.isShedding && $0.total + more <= bytes }
  }

  /// Whether a worker could hold these stores in place of what it holds now.
  func admits(_ stores: [StoreSize], of worker: String) -> Bool {
    let wanted = stores.reduce(0) { $0 + $1.bytes }
    return state.withLock { state in
      let others = state.stores.lazy.filter { $0.key != worker }.flatMap(\.value)
      return others.reduce(wanted) { $0 + $1.bytes } <= bytes
    }
  }

  /// Notes what a restore under way takes, beside what its worker remembers.
  ///
  /// - Returns: whether it may go on.
  @discardableResult
  func admits(restore more: Int, by worker: String) -> Bool {
    state.withLock { state in
      state.restores[worker] = more
      return !state.isShedding && state.total <= bytes
    }
  }

  /// Forgets a worker that has given up what it had.
  func remove(_ worker: String, _ logger: @autoclosure () -> Logger) {
    _ = isReached(by: worker, holding: [], logger())
  }

  private func report(_ isShedding: Bool, _ stores: [String: Int], _ logger: Logger) {
    let total = stores.values.reduce(0, +)
    let sizes = "\(total >> 20) of \(bytes >> 20) MiB (max_memory)"
    guard isShedding else {
      return logger.notice("memory: \(sizes) in use; reading goes on")
    }
    logger.error(
      """
      memory: \(sizes) in use (\(MemoryLimit.text(stores))); nothing more is read until it falls below \
      95%; raise max_memory, add instances, or shorten correction_horizon or the look-backs
      """)
  }

  /// Stores by size, the largest first.
  static func text(_ stores: [String: Int]) -> String {
    stores.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) \($0.value >> 20) MiB" }.joined(separator: ", ")
  }
}
