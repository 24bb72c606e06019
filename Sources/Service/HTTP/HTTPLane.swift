/// Who answers a request: each lane has threads and a queue of its own, so that none waits for another.
public enum HTTPLane: Sendable, CaseIterable {
  /// At once, by the thread that reads requests: for what only copies bytes.
  case immediate
  /// Health and metrics.
  case probe
  /// Questions to what is in memory.
  case query
  /// Look-ups that read elsewhere and may take long.
  case search

  /// How many threads answer.
  var threadCount: Int { self == .query ? 2 : 1 }

  /// By how much its threads stand back where there is more to do than cores: probes and the event loop go first.
  var niceness: Int32 { self == .query || self == .search ? 10 : 0 }

  /// How many requests may wait for a thread; more are refused.
  var queueLimit: Int {
    switch self {
    case .immediate: 0
    case .probe, .query: 64
    case .search: 4
    }
  }
}
