import Attribution
import Kafka

/// One of the three stages that read with a consumer group of their own.
public enum StageName: String, CaseIterable, Sendable {
  case rekey, attribution, rollups
}

/// How far a stage has committed one partition that it reads.
public struct SourceStanding: Sendable, Equatable {
  public var stage: StageName
  public var partition: TopicPartition
  /// Where committed records end; nil where the partition does not answer.
  public var end: Int64?
  /// The group's committed offset; nil before the first commit.
  public var committed: Int64?
  /// Offsets from the committed one, or from the log's start, to the end; nil where the partition does not answer.
  public var behind: Int64?
  /// The watermark of the task that reads it, at its last commit. Of deltas: the time up to which the rollups are
  /// final.
  public var watermark: Milliseconds?
}

/// One task: what it reads, which member of the group has it, and how it stands.
public struct TaskStanding: Sendable, Equatable {
  /// How a task stands.
  public enum State: String, Sendable {
    /// No member has all of its partitions.
    case unassigned
    /// Its owner has reported no watermark yet: it restores the state, or has read no event.
    case starting
    case active
    /// Every input is idle.
    case idle
    /// It has read all that there was to read (`run --exit-at-end`).
    case finished
  }

  public var stage: StageName
  /// What it is called in logs: `keyed|3`, `costs|0`, `rollups|1`, or a partition that is re-keyed.
  public var name: String
  /// Number of its partitions.
  public var number: Int32
  public var partitions: [TopicPartition]
  public var member: GroupMember?
  public var state: State
  public var watermark: Milliseconds?
  /// Of all its partitions; nil where one does not answer.
  public var behind: Int64?
}

/// A stage's consumer group.
public struct GroupStanding: Sendable, Equatable {
  public var stage: StageName
  public var group: String
  /// Kafka's name of the state, as in `Stable` or `Empty`.
  public var state: String
  public var members: Int
}
