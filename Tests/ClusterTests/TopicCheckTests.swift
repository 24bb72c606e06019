import Configuration
import Testing

@testable import Cluster

@Suite("Settings of topics")
struct TopicCheckTests {
  private let configuration = Configuration()

  /// A topic as `topics create` makes it on three brokers, with some settings changed.
  private func topic(
    _ role: TopicRequirement.Role, _ changes: [String: String] = [:], replicas: Int = 3,
    brokers: Int = 3
  ) -> TopicFacts {
    let required = configuration.topicRequirements.first { $0.role == role }!
    let defaults = [
      "cleanup.policy": "delete", "retention.ms": "604800000", "retention.bytes": "-1",
      "max.message.bytes": "1048588", "min.insync.replicas": "2",
      "unclean.leader.election.enable": "false", "message.timestamp.type": "CreateTime",
    ]
    return TopicFacts(
      name: required.name, role: role, partitions: 4, replicas: replicas,
      settings: defaults.merging(required.settings) { $1 }.merging(changes) { $1 }, brokers: brokers
    )
  }

  private func findings(_ topic: TopicFacts) -> [TopicCheck.Severity] {
    TopicCheck.findings([topic], configuration).map(\.severity)
  }

  private static let roles: [TopicRequirement.Role] = [
    .input, .rollups, .attributions, .deadLetters, .lateEvents, .deltas, .state,
  ]

  @Test("topics as they are created are in order", arguments: roles)
  func created(_ role: TopicRequirement.Role) {
    #expect(findings(topic(role)).isEmpty)
    #expect(
      findings(topic(role, ["min.insync.replicas": "1"], replicas: 1, brokers: 1)).isEmpty)
  }

  @Test(
    "a table that is not compacted is refused",
    arguments: [TopicRequirement.Role.rollups, .attributions, .state])
  func deletedTable(_ role: TopicRequirement.Role) {
    #expect(findings(topic(role, ["cleanup.policy": "delete"])) == [.refused])
    #expect(
      findings(topic(role, ["cleanup.policy": "compact,delete", "retention.ms": "604800000"]))
        == [.refused])
    #expect(
      findings(topic(role, ["cleanup.policy": "compact,delete", "retention.ms": "-1"])).isEmpty)
  }

  @Test("a stream that is compacted is refused or warned of")
  func compactedStream() {
    for role in [TopicRequirement.Role.deltas, .lateEvents] {
      #expect(findings(topic(role, ["cleanup.policy": "compact"])) == [.refused])
    }
    for role in [TopicRequirement.Role.input, .deadLetters] {
      #expect(findings(topic(role, ["cleanup.policy": "compact"])) == [.warned])
    }
  }

  @Test("a limit that a record does not fit is refused")
  func smallLimit() {
    for role in Self.roles where role != .input {
      #expect(findings(topic(role, ["max.message.bytes": "2000"])) == [.refused], "\(role)")
    }
    #expect(findings(topic(.state, ["max.message.bytes": "524288"])) == [.refused])
    #expect(findings(topic(.attributions, ["max.message.bytes": "500000"])) == [.warned])
  }

  @Test(
    "copies: one of several brokers, as many as must be in step, more than there are, unclean leaders"
  )
  func copies() {
    #expect(findings(topic(.deltas, ["min.insync.replicas": "1"], replicas: 1)) == [.warned])
    #expect(findings(topic(.deltas, ["min.insync.replicas": "3"])) == [.warned])
    #expect(findings(topic(.deltas, ["min.insync.replicas": "4"])) == [.refused])
    #expect(findings(topic(.state, ["unclean.leader.election.enable": "true"])) == [.warned])
  }

  @Test("retention that is shorter than what needs the records is warned of")
  func retention() {
    let day = 86_400_000
    #expect(findings(topic(.input, ["retention.ms": "\(day)"])) == [.warned])
    #expect(findings(topic(.input, ["retention.ms": "\(2 * day)"])).isEmpty)
    #expect(findings(topic(.deltas, ["retention.ms": "\(day)"])) == [.warned])
    #expect(findings(topic(.lateEvents, ["retention.ms": "\(7 * day)"])) == [.warned])
    #expect(findings(topic(.deadLetters, ["retention.ms": "\(day)"])) == [.warned])
    #expect(findings(topic(.deltas, ["message.timestamp.type": "CreateTime"])) == [.warned])
  }

  @Test("settings that nobody may see are not judged")
  func unknown() {
    var facts = topic(.state)
    facts.settings = nil
    #expect(findings(facts).isEmpty)
    #expect(facts.recordLimit == 1_048_588)
  }

  @Test("a batch is never larger than the smallest topic takes")
  func batches() throws {
    var plan = TopicPlan(inputTopics: [], taskCount: 1, costPartitions: 0, rollupPartitions: 1)
    #expect(ClientSettings.transactions(configuration, plan, id: "t")["batch.size"] == "1000000")
    plan.recordLimits = [configuration.topics.rollups: 100_000]
    #expect(ClientSettings.transactions(configuration, plan, id: "t")["batch.size"] == "99744")
  }
}
