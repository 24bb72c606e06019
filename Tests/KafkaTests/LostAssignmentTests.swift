import CRdkafka
import Glibc
import Kafka
import Testing

/// A member that its group has expelled: what it owned is lost, not revoked, and nothing of it is committed.
@Suite("Lost assignments", .serialized, .timeLimit(.minutes(2)))
struct LostAssignmentTests {
  /// A member with a transaction open over what it has read, as a worker has.
  final class Member {
    let consumer: Consumer
    let producer: TransactionalProducer
    private(set) var events: [Consumer.RebalanceEvent] = []
    private(set) var owned: [TopicPartition] = []

    init(_ cluster: MockCluster, _ more: ClientConfiguration = [:]) throws {
      let configuration: ClientConfiguration = [
        "bootstrap.servers": cluster.bootstrapServers, "group.id": "group",
        "session.timeout.ms": "5000", "heartbeat.interval.ms": "200",
        "auto.offset.reset": "earliest", "reconnect.backoff.max.ms": "200",
        "topic.metadata.refresh.interval.ms": "500",
      ]
      consumer = try Consumer(configuration.merging(more), logger: quiet)
      producer = try cluster.producerInTransaction()
      try consumer.subscribe(["mock"]) { [unowned self] event in
        events.append(event)
        switch event {
        case .assigned(let partitions): owned = partitions
        case .revoked, .lost: owned = []
        }
      }
      try eventually("assigned") {
        try consumer.poll(timeoutMilliseconds: 50)
        return !owned.isEmpty
      }
    }

    /// How often its partitions were lost.
    var losses: Int { events.count { if case .lost = $0 { true } else { false } } }
    var revocations: Int { events.count { if case .revoked = $0 { true } else { false } } }

    func committed() throws -> Int64? {
      try consumer.committed(
        [TopicPartition(topic: "mock", partition: 0)], timeoutMilliseconds: 10_000
      ).values.first ?? nil
    }

    /// Does what a worker does that has lost its partitions, and waits until it has them again.
    func comeBack() throws {
      try producer.abort(timeoutMilliseconds: 10_000)
      try eventually("assigned again") {
        try consumer.poll(timeoutMilliseconds: 50)
        return !owned.isEmpty
      }
      #expect(consumer.queue(for: owned[0]) != nil)
    }
  }

  private func write(_ member: Member) throws {
    try withBytes("value") {
      try member.producer.produce(
        try member.producer.topic("output"), partition: 0, key: nil, value: $0)
    }
  }

  @Test(
    "a broker that expels a silent member takes its partitions; nothing is committed, and it comes back"
  )
  func expelled() throws {
    let cluster = try MockCluster()
    cluster.makeTopic("mock")
    cluster.makeTopic("output")
    let member = try Member(cluster)
    try write(member)
    cluster.takeBrokerDown()
    usleep(7_000_000)
    cluster.bringBrokerUp()
    try eventually("lost") {
      try member.consumer.poll(timeoutMilliseconds: 50)
      return member.losses == 1
    }
    #expect(member.revocations == 0)
    try member.comeBack()
    #expect(try member.committed() == nil)
    member.consumer.close()
  }

  @Test("a heartbeat that is answered with \"no such member\" loses the partitions")
  func unknownMember() throws {
    let cluster = try MockCluster()
    cluster.makeTopic("mock")
    cluster.makeTopic("output")
    let member = try Member(cluster)
    try write(member)
    cluster.fail(.heartbeat, with: RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
    try eventually("lost") {
      try member.consumer.poll(timeoutMilliseconds: 50)
      return member.losses == 1
    }
    #expect(member.revocations == 0)
    try member.comeBack()
    #expect(try member.committed() == nil)
    member.consumer.close()
  }

  @Test(
    "a member that does not poll for max.poll.interval.ms loses its partitions when it polls again")
  func doesNotPoll() throws {
    let cluster = try MockCluster()
    cluster.makeTopic("mock")
    cluster.makeTopic("output")
    let member = try Member(cluster, ["max.poll.interval.ms": "6000"])
    try write(member)
    usleep(7_500_000)
    try eventually("lost") {
      try member.consumer.poll(timeoutMilliseconds: 50)
      return member.losses == 1
    }
    #expect(member.revocations == 0)
    try member.comeBack()
    #expect(try member.committed() == nil)
    member.consumer.close()
  }
}
