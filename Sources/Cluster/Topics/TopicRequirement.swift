import Attribution
import Configuration

/// What a topic of the contract should look like.
public struct TopicRequirement: Sendable, Equatable {
  /// What it is for.
  public enum Role: Sendable, Hashable {
    case input, rollups, attributions, deadLetters, lateEvents, accepted, deltas, state
    /// Events of inputs that are keyed otherwise.
    case keyed
    /// How far those inputs have been re-keyed.
    case keyedPositions
  }

  public var name: String
  public var role: Role
  /// What `topics create` gives it.
  public var settings: [String: String]
}

extension Configuration {
  /// The topics that the tasks read, of re-keyed ones the internal topic, in the order in which tasks have their inputs:
  /// by kind, then by name.
  public var inputTopics: [TopicPlan.InputTopic] {
    topics(topicInputs) { $0.rekey ? keyedTopic($0.kind) : $0.topic! }
  }

  /// The topics that producers write.
  public var sourceTopics: [TopicPlan.InputTopic] { topics(topicInputs) { $0.topic! } }

  /// Those of them whose events pass through an internal topic.
  public var rekeyedTopics: [TopicPlan.InputTopic] {
    topics(topicInputs.filter(\.rekey)) { $0.topic! }
  }

  private func topics(
    _ entries: [InputEntry], _ name: (InputEntry) -> String
  ) -> [TopicPlan.InputTopic] {
    let kinds = Dictionary(grouping: entries, by: name).mapValues { Array(Set($0.map(\.kind))) }
    return kinds.map { TopicPlan.InputTopic(name: $0, kinds: $1) }.sorted { left, right in
      (left.kinds[0].rawValue, left.name) < (right.kinds[0].rawValue, right.name)
    }
  }

  /// Which topics are re-keyed to where.
  ///
  /// - Parameter partitionCount: of a topic.
  package func rekeyings(_ partitionCount: (String) -> Int32) -> [TopicPlan.Rekeying] {
    rekeyedTopics.flatMap { topic in
      topic.kinds.map { kind in
        TopicPlan.Rekeying(
          source: topic.name, kind: kind, target: keyedTopic(kind),
          partitions: partitionCount(topic.name))
      }
    }
  }

  /// The input topic that holds events of a kind in our own form; nil where there is none, or where only `inputs` knows
  /// what its records look like.
  public func ownTopic(of kind: EventKind) -> String? {
    topicInputs.first { entry in
      entry.kind == kind && entry.isOwnForm
        && topicInputs.count { $0.topic == entry.topic } == 1
    }?.topic
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
    // What its producers believe the time to be must not matter.
    let stamped = ["message.timestamp.type": "LogAppendTime"]
    // Kafka's default of a week would drop old event times at once, and with them any replay.
    var names: Set<String> = []
    let inputs = sourceTopics.filter { names.insert($0.name).inserted }.map {
      TopicRequirement(name: $0.name, role: .input, settings: kept.merging(stamped) { $1 })
    }
    // Events keep the timestamps that they came with.
    let keyed = inputTopics.filter { names.insert($0.name).inserted }.map {
      TopicRequirement(
        name: $0.name, role: .keyed,
        settings: kept.merging(large.merging(["message.timestamp.type": "CreateTime"]) { $1 }) {
          $1
        })
    }
    let positions =
      keyed.isEmpty
      ? []
      : [TopicRequirement(name: keyedPositionsTopic, role: .keyedPositions, settings: compacted)]
    let accepted = topics.accepted.map {
      TopicRequirement(name: $0, role: .accepted, settings: kept)
    }
    return inputs + [
      TopicRequirement(name: topics.rollups, role: .rollups, settings: compacted),
      TopicRequirement(
        name: topics.attributions, role: .attributions, settings: compacted.merging(large) { $1 }),
      TopicRequirement(
        name: topics.deadLetters, role: .deadLetters, settings: kept.merging(large) { $1 }),
      TopicRequirement(
        name: topics.lateEvents, role: .lateEvents, settings: kept.merging(large) { $1 }),
      TopicRequirement(
        name: deltasTopic, role: .deltas, settings: kept.merging(stamped) { $1 }),
      TopicRequirement(name: stateTopic, role: .state, settings: compacted),
    ] + keyed + positions + (accepted.map { [$0] } ?? [])
  }

  /// The topics that the processor writes.
  var writtenTopics: [String] { topicRequirements.filter { $0.role != .input }.map(\.name) }
}
