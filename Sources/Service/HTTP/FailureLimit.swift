import Synchronization

/// How often an address may be wrong: a full bucket of tries that fills up again with time.
///
/// Who knows the secret is not held up, since behind a proxy all clients have one address.
final class FailureLimit: Sendable {
  private struct Bucket {
    var level: Double
    var seen: ContinuousClock.Instant
  }

  private static let capacity = 60.0
  private static let perSecond = 1.0
  /// Addresses that are remembered; more share one bucket.
  private static let addressLimit = 4_096

  private struct State {
    var buckets: [String: Bucket] = [:]
    var cleaned: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// Counts a failure of this address; false when it has had too many.
  func allows(_ address: String, now: ContinuousClock.Instant = .now) -> Bool {
    state.withLock { state in
      if state.buckets.count >= Self.addressLimit { Self.clean(&state, now) }
      let isRoom = state.buckets.count < Self.addressLimit || state.buckets[address] != nil
      let key = isRoom ? address : ""
      let level = state.buckets[key].map { Self.level($0, now) } ?? Self.capacity
      state.buckets[key] = Bucket(level: max(0, level - 1), seen: now)
      return level >= 1
    }
  }

  /// Forgets addresses whose bucket is full again; at most once a second.
  private static func clean(_ state: inout State, _ now: ContinuousClock.Instant) {
    if let cleaned = state.cleaned, cleaned + .seconds(1) > now { return }
    state.cleaned = now
    state.buckets = state.buckets.filter { level($0.value, now) < capacity }
  }

  private static func level(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
    min(capacity, bucket.level + perSecond * (bucket.seen.duration(to: now) / .seconds(1)))
  }
}
