import Attribution
import Configuration
import Kafka

/// Which topics the processor uses, and how many partitions they have.
public struct TopicPlan: Sendable, Equatable {
  /// An input topic with the kind of its events.
  public struct InputTopic: Sendable, Equatable {
    public var name: String
    public var kind: EventKind
  }

  public var inputTopics: [InputTopic]
  /// Partitions of every keyed input: the number of tasks.
  public var taskCount: Int32
  /// Partitions of the costs; 0 without costs.
  public var costPartitions: Int32
  /// Partitions of the rollups, and of the deltas, which are partitioned alike.
  public var rollupPartitions: Int32

  public init(
    inputTopics: [InputTopic], taskCount: Int32, costPartitions: Int32, rollupPartitions: Int32
  ) {
    self.costPartitions = costPartitions
    self.inputTopics = inputTopics
    self.taskCount = taskCount
    self.rollupPartitions = rollupPartitions
  }
}

extension TopicPlan {
  /// Every partition of every input, whoever owns it.
  var inputPartitions: [TopicPartition] {
    inputTopics.flatMap { topic in
      (0..<(topic.kind == .cost ? costPartitions : taskCount)).map {
        TopicPartition(topic: topic.name, partition: $0)
      }
    }
  }
}

/// What a topic of the contract should look like.
public struct TopicRequirement: Sendable, Equatable {
  public var name: String
  public var settings: [String: String]
}

extension Configuration {
  /// The input topics that are configured.
  public var inputTopics: [TopicPlan.InputTopic] {
    var inputs: [TopicPlan.InputTopic] = []
    if let name = topics.impressions { inputs.append(.init(name: name, kind: .impression)) }
    inputs.append(.init(name: topics.clicks, kind: .click))
    inputs.append(.init(name: topics.conversions, kind: .conversion))
    if let name = topics.costs { inputs.append(.init(name: name, kind: .cost)) }
    return inputs
  }

  /// Bytes of the largest record written: an attribution of `Definitions.mostTouches` touches is smaller.
  static let largestRecord = 16 << 20

  /// Every topic, inputs first, with the settings that `topics create` gives it.
  public var topicRequirements: [TopicRequirement] {
    let compacted = [
      "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1",
      "segment.bytes": "\(64 << 20)",
    ]
    let kept = ["cleanup.policy": "delete", "retention.ms": "-1"]
    let large = ["max.message.bytes": "\(Configuration.largestRecord)"]
    // Kafka's default of a week would drop old event times at once, and with them any replay.
    let inputs = inputTopics.map {
      TopicRequirement(name: $0.name, settings: kept)
    }
    return inputs + [
      TopicRequirement(name: topics.rollups, settings: compacted),
      TopicRequirement(
        name: topics.attributions, settings: compacted.merging(large) { $1 }),
      TopicRequirement(
        name: topics.deadLetters, settings: kept.merging(large) { $1 }),
      TopicRequirement(
        name: topics.lateEvents, settings: kept.merging(large) { $1 }),
      TopicRequirement(name: deltasTopic, settings: kept),
      TopicRequirement(name: stateTopic, settings: compacted),
    ]
  }
}
