import BrokerKit
import Kafka
import Testing

@Suite("Admin", .serialized, .enabled(if: LocalBroker.isAvailable), .timeLimit(.minutes(2)))
struct AdminTests {
  @Test("a topic is created once, described, and gone after it is deleted")
  func lifeOfATopic() throws {
    let scenario = try Scenario()
    let timeout = scenario.timeout
    let name = LocalBroker.uniqueName("life")
    let specification = TopicSpecification(
      name: name, partitions: 3, settings: ["cleanup.policy": "compact"])
    let admin = scenario.admin
    #expect(
      try admin.createTopics([specification], timeoutMilliseconds: timeout)
        == [name: .created])
    #expect(
      try admin.createTopics([specification], timeoutMilliseconds: timeout)
        == [name: .alreadyExists])
    let missing = LocalBroker.uniqueName("missing")
    #expect(
      try admin.describeTopics([name, missing], timeoutMilliseconds: timeout)
        == [TopicDescription(name: name, partitions: 3)])
    #expect(try admin.listTopics(timeoutMilliseconds: timeout).contains(name))

    try admin.deleteTopics([name, missing], timeoutMilliseconds: timeout)
    try eventually("the topic is gone") {
      try admin.describeTopics([name], timeoutMilliseconds: timeout).isEmpty
    }
  }

  @Test("settings are described, and changing one leaves the others")
  func settings() throws {
    let scenario = try Scenario()
    let timeout = scenario.timeout
    let topic = try scenario.topic(settings: ["cleanup.policy": "compact"])
    func value(_ name: String) throws -> String? {
      try scenario.admin.describeConfigurations(
        topics: [topic], timeoutMilliseconds: timeout)[topic]?[name]
    }
    #expect(try value("cleanup.policy") == "compact")
    try scenario.admin.setTopicConfiguration(
      topic, ["retention.ms": "123456"], timeoutMilliseconds: timeout)
    #expect(try value("retention.ms") == "123456")
    #expect(try value("cleanup.policy") == "compact")
  }

  @Test("a topic that cannot be created says why")
  func refusedTopic() throws {
    let scenario = try Scenario()
    let results = try scenario.admin.createTopics(
      [TopicSpecification(name: "not/a/name", partitions: 1)],
      timeoutMilliseconds: scenario.timeout)
    guard case .failed(let error) = results["not/a/name"] else {
      Issue.record("expected a failure, got \(results)")
      return
    }
    #expect(error.operation.contains("not/a/name"))
  }

  @Test("deleting records moves the beginning of the log")
  func deletedRecords() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    try scenario.write(["a", "b", "c"], to: topic)
    let partition = TopicPartition(topic: topic, partition: 0)
    try scenario.admin.deleteRecords(
      before: [partition: 2], timeoutMilliseconds: scenario.timeout)
    #expect(try scenario.readAll(topic) == ["c"])
  }

  @Test("a deleted group has no committed offsets")
  func deletedGroup() throws {
    let scenario = try Scenario()
    let partition = TopicPartition(topic: try scenario.topic(), partition: 0)
    let group = LocalBroker.uniqueName("group")
    let consumer = try scenario.consumer(["group.id": group])
    try consumer.commit([partition: 3])
    try scenario.admin.deleteGroups([group], timeoutMilliseconds: scenario.timeout)
    let committed = try consumer.committed(
      [partition], timeoutMilliseconds: scenario.timeout)
    #expect(committed == [partition: nil])
    try scenario.admin.deleteGroups(
      [LocalBroker.uniqueName("missing")], timeoutMilliseconds: scenario.timeout)
  }
}
