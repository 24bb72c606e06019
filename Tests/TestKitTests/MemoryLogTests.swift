import Cluster
import Kafka
import TestKit
import Testing

/// What the cluster in memory must do as Kafka does, or the simulator would prove nothing.
@Suite struct MemoryLogTests {
  private let world = ManualWorld()

  @Test func anOpenTransactionHidesWhatComesAfterItAndAnAbortedOneShowsNothing() throws {
    let first = try world.log.makeProducer(transactionalID: "first")
    let second = try world.log.makeProducer(transactionalID: "second")
    try first.write("a")
    try second.write("b")
    try second.commit()
    #expect(world.values == [])
    try first.abort()
    #expect(world.values == ["b"])
  }

  @Test func aTransactionLeftOpenExpiresAndItsProducerIsFenced() throws {
    let producer = try world.log.makeProducer(transactionalID: "one")
    try producer.write("a")
    world.clusterTime += world.log.timeouts.transaction
    world.log.expire()
    #expect(world.log.openTransactionCount == 0)
    let error = #expect(throws: KafkaError.self) { try producer.commit() }
    #expect(error?.recovery == .rebuildClient)
    #expect(world.values == [])
  }

  @Test func aNewProducerOfTheSameIDAbortsWhatTheFormerLeftOpen() throws {
    let former = try world.log.makeProducer(transactionalID: "one")
    try former.write("a")
    let latter = try world.log.makeProducer(transactionalID: "one")
    try latter.write("b")
    try latter.commit()
    #expect(world.values == ["b"])
    #expect(throws: KafkaError.self) { try former.commit() }
  }

  @Test func aMemberThatTheGroupHasGoneOnWithoutCommitsNothing() throws {
    let partition = TopicPartition(topic: "topic", partition: 0)
    let (asleep, awake) = (world.join(), world.join())
    for _ in 0..<3 {
      try asleep.consumer.poll()
      try awake.consumer.poll()
    }
    #expect(asleep.events == ["assigned 1"])
    world.clusterTime += world.log.timeouts.session - 1
    try awake.consumer.poll()
    world.clusterTime += 2
    world.log.expire()
    for _ in 0..<3 { try awake.consumer.poll() }
    #expect(awake.events.last == "assigned 1")

    let producer = try world.log.makeProducer(transactionalID: "one")
    try producer.write("a")
    let error = #expect(throws: KafkaError.self) {
      try producer.sendOffsets([partition: 1], of: asleep.consumer)
    }
    #expect(error?.recovery == .abortTransaction)
    try asleep.consumer.poll()
    #expect(asleep.events.last == "lost 1")
  }

  @Test func compactionKeepsOffsetsAndStopsAtTheLastStableOne() throws {
    let producer = try world.log.makeProducer(transactionalID: "one")
    for value in ["a", "b"] {
      try producer.write(value)
      try producer.commit()
    }
    try producer.write("c")
    let partition = TopicPartition(topic: "topic", partition: 0)
    world.log.compact(partition, before: 100, dropsTombstones: true)
    #expect(world.values == ["b"])
    try producer.commit()
    var offsets: [Int64] = []
    world.log.forEachRecord(of: partition) { offsets.append($0.offset) }
    #expect(offsets == [2, 4])
  }

  @Test func aCommitThatTimedOutMayHaveHappened() throws {
    let producer = try world.log.makeProducer(transactionalID: "one")
    try producer.write("a")
    world.fails = [.commit]
    world.delay = 10
    #expect(throws: KafkaError.self) { try producer.commit() }
    #expect(world.values == [])
    world.clusterTime += 10
    world.log.expire()
    #expect(world.values == ["a"])
    // Whoever goes on with such a producer is told so.
    #expect(throws: KafkaError.self) { try producer.begin() }
    #expect(world.log.violations.count == 1)
  }
}

/// An environment that does what a test says.
private final class ManualWorld: LogEnvironment {
  let log = MemoryLog(topics: ["topic": 1])
  var clusterTime: Int64 = 0
  /// Calls that time out, once each.
  var fails: [LogCall] = []
  var delay: Int64?

  init() { log.environment = self }

  /// The committed values of the only partition.
  var values: [String] {
    var values: [String] = []
    log.forEachRecord(of: "topic") { values.append(String(decoding: $0.value!, as: UTF8.self)) }
    return values
  }

  func meet(_ call: LogCall, of process: SimulatedProcess) throws {
    guard let index = fails.firstIndex(of: call) else { return }
    fails.remove(at: index)
    throw LogFault.error(.renewProducer, at: call)
  }

  func pass(milliseconds: Int64) {
    clusterTime += milliseconds
    log.expire()
  }

  func note(_ event: ClusterEvent) {}
  func landingDelay() -> Int64? { delay }
  func answerDelay() -> Int64 { 0 }

  func join() -> Member { Member(log) }
}

/// A member of a group that keeps what it is told.
private final class Member {
  let consumer: any LogConsumer
  private(set) var events: [String] = []

  init(_ log: MemoryLog) {
    consumer = try! log.makeConsumer(group: "group", member: "")
    try! consumer.subscribe(["topic"]) { [unowned self] event in
      switch event {
      case .assigned(let partitions): events.append("assigned \(partitions.count)")
      case .revoked(let partitions): events.append("revoked \(partitions.count)")
      case .lost(let partitions): events.append("lost \(partitions.count)")
      }
    }
  }
}

extension LogProducer {
  /// Writes a value under the one key, in a transaction that stays open.
  fileprivate func write(_ value: String) throws {
    try begin()
    try Array("key".utf8).withUnsafeBytes { key in
      try Array(value.utf8).withUnsafeBytes { value in
        try produce(
          "topic", partition: 0, key: key, value: value, timestamp: nil, headers: [])
      }
    }
  }
}
