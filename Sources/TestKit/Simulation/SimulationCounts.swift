import Kafka

/// How much of what happened in a simulation.
public struct SimulationCounts: Sendable {
  /// Records in the input topics.
  public var records = 0
  public var steps = 0
  public var commits = 0
  public var aborts = 0
  /// Processes killed: between steps, and at a call.
  public var kills = 0
  public var killsInCalls = 0
  public var stops = 0
  /// Workers that failed and were built again.
  public var rebuilds = 0
  /// Workers that lost their place to another of their name, and came back.
  public var zombies = 0
  public var rebalances = 0
  public var expulsions = 0
  public var expiredTransactions = 0
  /// Commits that timed out for their producer and took effect later.
  public var lateCommits = 0
  public var slowCalls = 0
  public var clockJumps = 0
  public var compactions = 0
  /// Partitions that nobody led for a while.
  public var leaderless = 0
  /// Times that retention took records of an input.
  public var deletions = 0
  /// Times that groups lost what they had committed.
  public var standstills = 0
  /// Topics and offsets that somebody changed after the end.
  public var sabotages = 0
  /// Entries restored from copies on disk, copies that were of no use, and files that somebody touched.
  public var copiedEntries = 0
  public var uselessCopies = 0
  public var disturbances = 0
  /// Records that were sent again.
  public var repeats = 0
  public var failedCalls: [KafkaError.Recovery: Int] = [:]
  /// Calls that failed, or at which their process was killed.
  public var brokenCalls: [LogCall: Int] = [:]
  /// Rollups that the downstream reader saw.
  public var publications = 0
  /// Final rollups that it saw change.
  public var corrections = 0

  public init() {}

  public mutating func add(_ other: SimulationCounts) {
    for field in SimulationCounts.fields {
      self[keyPath: field.path] += other[keyPath: field.path]
    }
    failedCalls.merge(other.failedCalls, uniquingKeysWith: +)
    brokenCalls.merge(other.brokenCalls, uniquingKeysWith: +)
  }

  mutating func count(_ event: ClusterEvent) {
    switch event {
    case .committed: commits += 1
    case .aborted: aborts += 1
    case .expired: expiredTransactions += 1
    case .landedLate: lateCommits += 1
    case .expelled: expulsions += 1
    case .rebalanced: rebalances += 1
    }
  }

  /// How often what happened, in the order in which to print it.
  public var named: [(name: String, count: Int)] {
    SimulationCounts.fields.map { ($0.name, self[keyPath: $0.path]) }
      + failedCalls.map { (name: "failed calls, \($0.key)", count: $0.value) }
      .sorted { $0.name < $1.name }
      + brokenCalls.map { (name: "failed or killed at \($0.key)", count: $0.value) }
      .sorted { $0.name < $1.name }
  }

  private static var fields: [(name: String, path: WritableKeyPath<SimulationCounts, Int>)] {
    [
      ("records", \.records), ("steps", \.steps), ("commits", \.commits), ("aborts", \.aborts),
      ("kills between steps", \.kills), ("kills in calls", \.killsInCalls), ("stops", \.stops),
      ("rebuilt workers", \.rebuilds), ("zombies", \.zombies), ("rebalances", \.rebalances),
      ("expelled members", \.expulsions), ("expired transactions", \.expiredTransactions),
      ("commits after a timeout", \.lateCommits), ("slow calls", \.slowCalls),
      ("clock jumps", \.clockJumps), ("compactions", \.compactions),
      ("leaderless partitions", \.leaderless), ("deletions of input", \.deletions),
      ("standstills", \.standstills), ("sabotages", \.sabotages),
      ("entries from copies", \.copiedEntries), ("useless copies", \.uselessCopies),
      ("disturbed disks", \.disturbances),
      ("repeated records", \.repeats), ("publications", \.publications),
      ("corrections of final windows", \.corrections),
    ]
  }
}
