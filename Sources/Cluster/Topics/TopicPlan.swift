import Attribution
import Configuration
import Inputs
import Kafka

/// Which topics the processor uses, and how many partitions they have.
public struct TopicPlan: Sendable, Equatable {
  /// An input topic with the kinds of its events.
  public struct InputTopic: Sendable, Equatable {
    public var name: String
    /// Ascending by their numbers.
    public var kinds: [EventKind]

    public init(name: String, kinds: [EventKind]) {
      self.name = name
      self.kinds = kinds.sorted { $0.rawValue < $1.rawValue }
    }

    /// Whether it has a task of its own per partition; all others are joined by partition number.
    public var isCosts: Bool { kinds == [.cost] }
  }

  /// A topic that is keyed otherwise, and the internal one through which its events pass.
  public struct Rekeying: Sendable, Equatable {
    /// Where the events come from.
    public var source: String
    public var kind: EventKind
    /// Where they go.
    public var target: String
    /// Partitions of the source, as far as is known.
    public var partitions: Int32

    public init(source: String, kind: EventKind, target: String, partitions: Int32) {
      self.source = source
      self.kind = kind
      self.target = target
      self.partitions = partitions
    }
  }

  /// What the tasks read: of re-keyed topics the internal ones.
  public var inputTopics: [InputTopic]
  public var rekeyings: [Rekeying]
  /// Partitions of every keyed input: the number of tasks.
  public var taskCount: Int32
  /// Partitions of the costs; 0 without costs.
  public var costPartitions: Int32
  /// Partitions of the rollups, and of the deltas, which are partitioned alike.
  public var rollupPartitions: Int32
  /// `max.message.bytes` of the topics that are written, as far as the brokers say.
  public var recordLimits: [String: Int]

  /// Kafka's own limit, taken where the brokers do not say.
  public static let usualRecordLimit = 1_048_588

  public init(
    inputTopics: [InputTopic], taskCount: Int32, costPartitions: Int32, rollupPartitions: Int32,
    recordLimits: [String: Int] = [:], rekeyings: [Rekeying] = []
  ) {
    self.rekeyings = rekeyings
    self.recordLimits = recordLimits
    self.costPartitions = costPartitions
    self.inputTopics = inputTopics
    self.taskCount = taskCount
    self.rollupPartitions = rollupPartitions
  }
}

extension TopicPlan {
  /// Every partition of every topic that is re-keyed.
  package var rekeyedPartitions: [TopicPartition] {
    Set(rekeyings.flatMap(Self.sources)).sorted()
  }

  private static func sources(_ rekeying: Rekeying) -> [TopicPartition] {
    (0..<rekeying.partitions).map { TopicPartition(topic: rekeying.source, partition: $0) }
  }

  /// The partitions whose events pass through an internal topic; none where a topic is no such one.
  package func sources(of topic: String) -> [TopicPartition] {
    rekeyings.filter { $0.target == topic }.flatMap(Self.sources)
  }

  /// Partitions of the input topic that holds events of a kind.
  package func partitionCount(of kind: EventKind) -> Int32 {
    kind == .cost ? costPartitions : taskCount
  }

  /// Every partition of every input, whoever owns it.
  package var inputPartitions: [TopicPartition] {
    inputTopics.flatMap { topic in
      (0..<(topic.isCosts ? costPartitions : taskCount)).map {
        TopicPartition(topic: topic.name, partition: $0)
      }
    }
  }
}

extension InputPlans {
  /// Those of the topics of a plan, in its order.
  package func plans(in topics: TopicPlan) -> [InputPlan] {
    topics.inputTopics.compactMap { plan(of: $0.name) }
  }
}

extension TopicPlan {
  /// How large a batch of records a topic takes, in bytes.
  public func recordLimit(of topic: String) -> Int {
    recordLimits[topic] ?? TopicPlan.usualRecordLimit
  }

  /// The least of the topics' limits.
  func smallestRecordLimit(of topics: [String]) -> Int {
    topics.map(recordLimit).min() ?? TopicPlan.usualRecordLimit
  }
}
