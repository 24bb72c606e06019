/// A call to a cluster in memory. Failures, pauses and crashes happen at one of them; those named in
/// the past tense are reached when the cluster has done it and before the caller hears so.
public enum LogCall: String, Sendable, CaseIterable {
  // Of the log itself.
  case makeConsumer, makeProducer, readThrough, readRecord, ends, deleteRecords
  // Questions whose answers nobody waits for.
  case askBounds, askCommitted, askRecord
  // Of a consumer and its readers.
  case subscribe, poll, reader, read, startOffsets
  // Of a producer.
  case begin, produce, sendOffsets, sentOffsets, commit, committed, abort, aborted
}

/// Whoever drives a cluster in memory: lets time pass, and decides what goes wrong.
public protocol LogEnvironment: AnyObject {
  /// The cluster's own time, in milliseconds: what sessions and transactions expire by. Never goes
  /// back, whatever wall clocks do.
  var clusterTime: Int64 { get }
  /// What the brokers' wall clock shows, which records are stamped with.
  var brokerClock: Int64 { get }
  /// Called at each call; throws what the call shall fail with.
  func meet(_ call: LogCall, of process: SimulatedProcess) throws
  /// Lets time pass for a caller that waits, and others work meanwhile.
  func pass(milliseconds: Int64)
  /// Takes note of what a cluster does by itself.
  func note(_ event: ClusterEvent)
  /// How long after a commit timed out it takes effect all the same; nil for never.
  func landingDelay() -> Int64?
  /// How long an answer takes.
  func answerDelay() -> Int64
}

extension LogEnvironment {
  public var brokerClock: Int64 { clusterTime }
}

/// What a cluster in memory does by itself.
public enum ClusterEvent: Sendable {
  case committed
  case aborted
  /// An open transaction outlived its timeout.
  case expired
  /// A commit that had timed out for its producer took effect.
  case landedLate
  /// A member was not heard of for the session timeout.
  case expelled
  /// The members of a group agreed on a new assignment.
  case rebalanced
}

/// The process that clients belong to. One that is dead calls nobody any more: SIGKILL.
public final class SimulatedProcess {
  public let name: String
  public private(set) var isDead = false

  public init(_ name: String) { self.name = name }

  public func kill() { isDead = true }

  func check() throws {
    if isDead { throw ProcessKilled() }
  }
}

/// Unwinds the code of a killed process; nothing it does on the way reaches the cluster.
public struct ProcessKilled: Error {}
