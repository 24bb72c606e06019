import Attribution
import Codec
import Configuration

/// What can be wrong with a topic's settings: one line of a table.
public struct TopicCheck: Sendable {
  /// What comes of it.
  public enum Severity: Sendable { case refused, warned }

  /// Something that is wrong with a topic, and what to do.
  public struct Finding: Sendable, Equatable, CustomStringConvertible {
    public var severity: Severity
    public var topic: String
    /// What is set, what that does, and what it should be.
    public var problem: String

    public var description: String { "\(topic): \(problem)" }
  }

  let severity: Severity
  let roles: Set<TopicRequirement.Role>
  /// The problem in words; nil where there is none.
  let problem: @Sendable (TopicFacts, Configuration) -> String?

  /// Everything that is wrong with these topics, what is refused first.
  public static func findings(
    _ topics: [TopicFacts], _ configuration: Configuration
  ) -> [Finding] {
    let found = topics.flatMap { topic in
      all.filter { $0.roles.contains(topic.role) }.compactMap { check in
        check.problem(topic, configuration).map {
          Finding(severity: check.severity, topic: topic.name, problem: $0)
        }
      }
    }
    return found.filter { $0.severity == .refused } + found.filter { $0.severity == .warned }
  }
}

// MARK: - The table

extension TopicCheck {
  private typealias Roles = Set<TopicRequirement.Role>

  private static let everywhere: Roles = [
    .input, .rollups, .attributions, .deadLetters, .lateEvents, .accepted, .deltas, .state, .keyed,
    .keyedPositions,
  ]
  private static let tables: Roles = [.rollups, .attributions, .state, .keyedPositions]

  static let all: [TopicCheck] = [
    .refused(tables) { topic, _ in
      guard topic.settings?["cleanup.policy"] != nil else { return nil }
      if !topic.isCompacted {
        return
          "cleanup.policy=\(topic.setting("cleanup.policy")) deletes what is still needed; set "
          + "cleanup.policy=compact"
      }
      guard topic.isDeleted,
        topic.number("retention.ms") != -1 || topic.number("retention.bytes") ?? -1 != -1
      else { return nil }
      return "cleanup.policy=\(topic.setting("cleanup.policy")) deletes what is still needed after "
        + "retention.ms=\(topic.setting("retention.ms")) or retention.bytes="
        + "\(topic.setting("retention.bytes")); set cleanup.policy=compact"
    },
    .refused([.deltas]) { topic, _ in
      guard topic.isCompacted else { return nil }
      return
        "cleanup.policy=\(topic.setting("cleanup.policy")) drops deltas that are not counted yet; set "
        + "cleanup.policy=delete and retention.ms=-1"
    },
    .refused([.accepted]) { topic, _ in
      guard topic.isCompacted else { return nil }
      return
        "cleanup.policy=\(topic.setting("cleanup.policy")) keeps one event of each user; set "
        + "cleanup.policy=delete"
    },
    .refused([.lateEvents]) { topic, _ in
      guard topic.isCompacted else { return nil }
      return
        "cleanup.policy=\(topic.setting("cleanup.policy")) keeps one late event of each user; set "
        + "cleanup.policy=delete and retention.ms=-1"
    },
    .refused([.keyed]) { topic, _ in
      guard topic.isCompacted else { return nil }
      return
        "cleanup.policy=\(topic.setting("cleanup.policy")) keeps one message of many events; set "
        + "cleanup.policy=delete and retention.ms=-1"
    },
    .refused([.keyed]) { topic, _ in
      guard topic.settings?["message.timestamp.type"] == "LogAppendTime" else { return nil }
      return
        "message.timestamp.type=LogAppendTime overwrites the timestamps that events came with; set CreateTime"
    },
    .refused(everywhere.subtracting([.input])) { topic, configuration in
      let least = leastLimit(topic.role, configuration)
      guard let limit = topic.number("max.message.bytes"), limit < least else { return nil }
      return
        "max.message.bytes=\(limit) is less than a record may take; set it to \(least) at least"
    },
    .refused(everywhere) { topic, _ in
      guard let least = topic.number("min.insync.replicas"), least > topic.replicas else {
        return nil
      }
      return
        "min.insync.replicas=\(least) with replication factor \(topic.replicas) lets nobody write; raise "
        + "the one or lower the other"
    },
    .warned([.attributions]) { topic, configuration in
      guard let limit = topic.number("max.message.bytes"), limit < TopicPlan.usualRecordLimit,
        limit >= leastLimit(.attributions, configuration)
      else { return nil }
      return
        "max.message.bytes=\(limit) may be less than the attribution of a conversion with max_touches "
        + "touches, which ends the process; \(Configuration.largestRecord) is enough"
    },
    .warned(everywhere) { topic, _ in
      guard topic.replicas == 1, topic.brokers > 1 else { return nil }
      return
        "replication factor 1: what its broker loses is lost, and while it is away everything waits; "
        + "3 is usual"
    },
    .warned(everywhere) { topic, _ in
      guard topic.replicas > 1, topic.number("min.insync.replicas") == Int64(topic.replicas)
      else { return nil }
      return
        "min.insync.replicas=\(topic.replicas) with replication factor \(topic.replicas): while any "
        + "broker is away nobody can write; one less is usual"
    },
    .warned(everywhere) { topic, _ in
      guard topic.replicas > 1, topic.settings?["unclean.leader.election.enable"] == "true"
      else { return nil }
      return
        "unclean.leader.election.enable=true: a broker that lacks committed records may lead, and they "
        + "are lost; set it to false"
    },
    .warned([.input]) { topic, _ in
      guard topic.isCompacted else { return nil }
      return
        "cleanup.policy=\(topic.setting("cleanup.policy")) keeps one event of each key: what has not been "
        + "read when it is compacted is never counted; set cleanup.policy=delete"
    },
    .warned([.input, .keyed]) { topic, configuration in
      let definitions = configuration.definitions
      let needed = definitions.correctionHorizon + definitions.watermarkDelay
      guard topic.isDeleted, let retention = topic.number("retention.ms"), retention >= 0,
        retention < needed
      else { return nil }
      return
        "retention.ms=\(retention) is shorter than correction_horizon and watermark_delay (\(needed) ms "
        + "together): what a standstill leaves unread may be gone after it, and no late event can be counted "
        + "again; set more, or -1"
    },
    .warned([.deltas]) { topic, _ in
      guard let retention = topic.number("retention.ms"), retention >= 0, retention < 7 * day
      else { return nil }
      return
        "retention.ms=\(retention): deltas that a standstill leaves unread are gone after it; set -1, the "
        + "processor deletes what is counted"
    },
    .warned([.deltas]) { topic, _ in
      guard topic.settings?["message.timestamp.type"] == "CreateTime" else { return nil }
      return
        "message.timestamp.type=CreateTime: finality goes by the writers' clocks; set LogAppendTime"
    },
    .warned([.lateEvents]) { topic, _ in
      guard let retention = topic.number("retention.ms"), retention >= 0, retention < 30 * day
      else { return nil }
      return
        "retention.ms=\(retention): late events that no backfill has counted by then are lost; set more, "
        + "or -1"
    },
    .warned([.deadLetters]) { topic, _ in
      guard
        topic.isCompacted || (topic.number("retention.ms").map { $0 >= 0 && $0 < 7 * day } ?? false)
      else { return nil }
      return
        "cleanup.policy=\(topic.setting("cleanup.policy")), retention.ms=\(topic.setting("retention.ms")): "
        + "dead letters are lost before long; set cleanup.policy=delete and more time, or -1"
    },
  ]

  private static let day: Int64 = 86_400_000

  /// What every record that is written takes at most, as far as nobody outside can make it larger.
  private static func leastLimit(
    _ role: TopicRequirement.Role, _ configuration: Configuration
  ) -> Int64 {
    switch role {
    case .input: 0
    case .keyed: Int64(2 * FittedRecord.largestEvent)
    case .keyedPositions: 64 << 10
    // A record is written once it is full: with an entry more, and the head of a batch.
    case .state: Int64(configuration.stateRecordBytes + (16 << 10))
    case .deltas: Int64(RecordSize.fullDeltas + (32 << 10))
    case .rollups: 32 << 10
    case .attributions: 64 << 10
    case .deadLetters: 4 << 10
    case .accepted: 24 << 10
    // A late event that is cut could never be counted.
    case .lateEvents: Int64(2 * FittedRecord.largestEvent)
    }
  }

  private static func refused(
    _ roles: Roles, _ problem: @escaping @Sendable (TopicFacts, Configuration) -> String?
  ) -> TopicCheck {
    TopicCheck(severity: .refused, roles: roles, problem: problem)
  }

  private static func warned(
    _ roles: Roles, _ problem: @escaping @Sendable (TopicFacts, Configuration) -> String?
  ) -> TopicCheck {
    TopicCheck(severity: .warned, roles: roles, problem: problem)
  }
}

extension TopicFacts {
  /// A setting's value, for people.
  fileprivate func setting(_ name: String) -> String { settings?[name] ?? "unknown" }
}
