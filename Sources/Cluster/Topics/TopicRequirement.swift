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
