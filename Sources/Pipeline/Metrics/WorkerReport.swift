import Attribution
import Codec
import Kafka

/// How a worker stood at its last commit, or when its state last changed.
public struct WorkerReport: Sendable {
  /// What a worker is about.
  public enum Phase: String, Sendable {
    case starting
    /// A member of the group, or about to be, without word of its partitions.
    case joining
    /// Has its partitions and reads their state back.
    case restoring
    case working
    /// Has left, or failed and will be built again.
    case stopped
  }

  /// One partition that it reads.
  public struct Source: Sendable {
    public var partition: TopicPartition
    /// Offset of the next record to take.
    public var position: Int64
    /// Records from there to the end of the log, as far as the last fetch knows; nil before it.
    public var lag: Int64?
    /// Whether the contract calls it idle; nil for the deltas.
    public var isIdle: Bool?
  }

  /// A task of the first stage.
  public struct Task: Sendable {
    public var partition: Int32
    /// Whether its inputs are the keyed ones; otherwise it is the costs'.
    public var isKeyed: Bool
    /// Nil before the first event.
    public var watermark: Milliseconds?
    public var sources: [Source]
    /// Input that was gone before it was read.
    public var lost: [LostRange] = []
    public var stores: [StoreSize]
    /// What it has on disk; nil without `state_dir`, or where that is of no use.
    public var copy: Copy?
  }

  /// A copy of a task's state on this machine.
  public struct Copy: Sendable {
    public var bytes: Int
    /// When it was last brought up to date, by the wall clock; nil before.
    public var writtenAt: Milliseconds?
  }

  /// A partition of the second stage.
  public struct Rollups: Sendable {
    public var source: Source
    /// Nil before anything is final.
    public var finalThrough: Milliseconds?
    /// Rollups that are not final yet.
    public var openCount: Int
    public var store: StoreSize
  }

  public var phase: Phase
  public var tasks: [Task] = []
  public var rollups: [Rollups] = []
  /// Partitions of topics that are re-keyed.
  public var rekeyed: [Source] = []
  /// What of those was gone before it was read.
  public var lost: [LostRange] = []
  /// What keeps partitions from being processed, in words.
  public var obstacles: [String] = []
  public var counters = WorkerCounters()

  public init(_ phase: Phase) { self.phase = phase }

  /// Every partition that the worker reads.
  public var sources: [Source] { tasks.flatMap(\.sources) + rollups.map(\.source) + rekeyed }
}
