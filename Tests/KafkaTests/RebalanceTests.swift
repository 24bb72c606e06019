import BrokerKit
import Kafka
import Testing

@Suite(
  "Rebalances", .serialized, .enabled(if: LocalBroker.isAvailable), .timeLimit(.minutes(2)))
struct RebalanceTests {
  /// One member of a group, with everything it was told.
  final class Member {
    let consumer: Consumer
    private(set) var events: [Consumer.RebalanceEvent] = []
    private(set) var owned: Set<TopicPartition> = []

    init(
      _ scenario: Scenario, group: String, name: String, topics: [String],
      strategy: String = "range"
    ) throws {
      consumer = try scenario.consumer([
        "group.id": group, "group.instance.id": name, "session.timeout.ms": "10000",
        "heartbeat.interval.ms": "200", "partition.assignment.strategy": strategy,
      ])
      try consumer.subscribe(topics) { [unowned self] event in
        events.append(event)
        switch event {
        case .assigned(let partitions):
          owned.formUnion(partitions)
          for partition in partitions {
            #expect(consumer.queue(for: partition) != nil, "queues exist when assigned is told")
          }
        case .revoked(let partitions), .lost(let partitions):
          for partition in partitions {
            #expect(consumer.queue(for: partition) != nil, "queues exist until revoked is told")
          }
          owned.subtract(partitions)
        }
      }
    }
  }

  @Test("two members share the partitions by range, and both topics alike")
  func twoMembers() throws {
    let scenario = try Scenario()
    let topics = [try scenario.topic(partitions: 4), try scenario.topic(partitions: 4)]
    let group = LocalBroker.uniqueName("group")
    let first = try Member(scenario, group: group, name: "a", topics: topics)
    try eventually("the first member owns everything") {
      try first.consumer.poll(timeoutMilliseconds: 50)
      return first.owned.count == 8
    }
    #expect(first.events.count == 1)

    let second = try Member(scenario, group: group, name: "b", topics: topics)
    try eventually("they share") {
      try first.consumer.poll(timeoutMilliseconds: 20)
      try second.consumer.poll(timeoutMilliseconds: 20)
      return first.owned.count == 4 && second.owned.count == 4
    }
    #expect(first.owned.isDisjoint(with: second.owned))
    // Co-partitioning: the same partition numbers of both topics.
    for member in [first, second] {
      let numbers = topics.map { topic in
        Set(member.owned.filter { $0.topic == topic }.map(\.partition))
      }
      #expect(numbers[0] == numbers[1])
    }
    // Eager: everything was revoked before less was assigned.
    guard case .revoked(let revoked) = first.events[1] else {
      Issue.record("expected a revocation, got \(first.events)")
      return
    }
    #expect(revoked.count == 8)

    second.consumer.close()
    #expect(second.owned.isEmpty)
    first.consumer.close()
    #expect(first.owned.isEmpty)
  }

  @Test("a member reads from its committed offsets, and its queue is empty once revoked")
  func readsWhereTheGroupStopped() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    try scenario.write(["a", "b", "c"], to: topic)
    let partition = TopicPartition(topic: topic, partition: 0)
    let group = LocalBroker.uniqueName("group")
    try scenario.consumer(["group.id": group]).commit([partition: 1])
    let member = try Member(scenario, group: group, name: "a", topics: [topic])
    try eventually("assigned") {
      try member.consumer.poll(timeoutMilliseconds: 50)
      return !member.owned.isEmpty
    }
    let queue = try #require(member.consumer.queue(for: partition))
    #expect(try scenario.readToEnd(member.consumer, partition) == ["b", "c"])
    member.consumer.close()
    #expect(try queue.read(into: RecordBatch(capacity: 1)) == 0)
    #expect(member.consumer.queue(for: partition) == nil)
    member.consumer.close()
  }

  @Test("a transaction may be committed while partitions are revoked")
  func commitWhileRevoked() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let output = try scenario.topic()
    let partition = TopicPartition(topic: topic, partition: 0)
    let group = LocalBroker.uniqueName("group")
    let producer = try scenario.transactionalProducer()
    let handle = try producer.topic(output)
    let consumer = try scenario.consumer(["group.id": group, "group.instance.id": "a"])
    var isAssigned = false
    var failure: (any Error)?
    try consumer.subscribe([topic]) { event in
      switch event {
      case .assigned:
        isAssigned = true
      case .revoked:
        do {
          try producer.sendOffsets(
            [partition: 42], group: consumer.groupMetadata(),
            timeoutMilliseconds: scenario.timeout)
          try producer.commit(timeoutMilliseconds: scenario.timeout)
        } catch { failure = error }
      case .lost:
        Issue.record("nothing was lost")
      }
    }
    try eventually("assigned") {
      try consumer.poll(timeoutMilliseconds: 50)
      return isAssigned
    }
    try producer.begin()
    try withBytes("last") {
      try producer.produce(handle, partition: 0, key: nil, value: $0)
    }
    consumer.close()
    #expect(failure == nil)
    #expect(try scenario.readAll(output) == ["last"])
    let committed = try scenario.consumer(["group.id": group])
      .committed([partition], timeoutMilliseconds: scenario.timeout)
    #expect(committed == [partition: 42])
  }

  @Test("a cooperative assignor moves only what has to move")
  func cooperative() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic(partitions: 4)
    let group = LocalBroker.uniqueName("group")
    func member(_ name: String) throws -> Member {
      try Member(
        scenario, group: group, name: name, topics: [topic], strategy: "cooperative-sticky")
    }
    let first = try member("a")
    try eventually("the first member owns everything") {
      try first.consumer.poll(timeoutMilliseconds: 50)
      return first.owned.count == 4
    }
    let second = try member("b")
    try eventually("they share") {
      try first.consumer.poll(timeoutMilliseconds: 20)
      try second.consumer.poll(timeoutMilliseconds: 20)
      return first.owned.count == 2 && second.owned.count == 2
    }
    #expect(first.owned == Set(first.consumer.assignment))
    for case .revoked(let partitions) in first.events {
      #expect(partitions.count <= 2)
    }
    second.consumer.close()
    first.consumer.close()
  }
}
