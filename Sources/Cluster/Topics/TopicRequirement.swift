import Attribution
import Configuration

/// What a topic of the contract should look like.
public struct TopicRequirement: Sendable, Equatable {
  /// What it is for.
  public enum Role: Sendable, Hashable {
    case input, rollups, attributions, deadLetters, lateEvents, accepted, deltas, state
  }

  public var name: String
  public var role: Role
  /// What `topics create` gives it.
  public var settings: [String: String]
}

extension Configuration {
  /// The input topics that are configured, in the order in which tasks have their inputs: by kind, then by name.
  public var inputTopics: [TopicPlan.InputTopic] {
    let kinds = Dictionary(grouping: topicInputs, by: { $0.topic! }).mapValues { entries in
      Array(Set(entries.map(\.kind)))
    }
    return kinds.map { TopicPlan.InputTopic(name: $0, kinds: $1) }.sorted { left, right in
      (left.kinds[0].rawValue, left.name) < (right.kinds[0].rawValue, right.name)
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
    let inputs = inputTopics.map {
      TopicRequirement(name: $0.name, role: .input, settings: kept.merging(stamped) { $1 })
    }
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
    ] + (accepted.map { [$0] } ?? [])
  }

  /// The topics that the processor writes.
  var writtenTopics: [String] { topicRequirements.filter { $0.role != .input }.map(\.name) }
}
