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

  public var inputTopics: [InputTopic]
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
    recordLimits: [String: Int] = [:]
  ) {
    self.recordLimits = recordLimits
    self.costPartitions = costPartitions
    self.inputTopics = inputTopics
    self.taskCount = taskCount
    self.rollupPartitions = rollupPartitions
  }
}

extension TopicPlan {
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
