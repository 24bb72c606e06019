import BrokerKit
import Kafka
import Synchronization
import Testing

@Suite(
  "Transactions", .serialized, .enabled(if: LocalBroker.isAvailable), .timeLimit(.minutes(2)))
struct TransactionTests {
  func produce(
    _ values: [String], to topic: String, with producer: TransactionalProducer
  ) throws {
    let handle = try producer.topic(topic)
    for value in values {
      try withBytes(value) {
        try producer.produce(handle, partition: 0, key: nil, value: $0)
      }
    }
  }

  @Test("committed records are seen, aborted ones only by those who read uncommitted")
  func isolation() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let producer = try scenario.transactionalProducer()
    try producer.begin()
    try produce(["dropped"], to: topic, with: producer)
    // Aborting drops what is still in the producer's buffer; this one shall reach the broker first.
    try eventually("the record reaches the broker") {
      try scenario.readAll(topic, isolation: "read_uncommitted") == ["dropped"]
    }
    try producer.abort(timeoutMilliseconds: scenario.timeout)
    try producer.begin()
    #expect(producer.isInTransaction)
    try produce(["kept"], to: topic, with: producer)
    try producer.commit(timeoutMilliseconds: scenario.timeout)
    #expect(!producer.isInTransaction)
    #expect(try scenario.readAll(topic) == ["kept"])
    #expect(try scenario.readAll(topic, isolation: "read_uncommitted") == ["dropped", "kept"])
  }

  @Test("a topic's own properties hold for that topic alone")
  func topicProperties() throws {
    let scenario = try Scenario()
    let plain = try scenario.topic()
    let compressed = try scenario.topic()
    let sent = Mutex<[Int]>([])
    let producer = try TransactionalProducer(
      scenario.configuration([
        "transactional.id": LocalBroker.uniqueName("id"), "compression.type": "lz4",
        "statistics.interval.ms": "100",
      ]), logger: quiet,
      onStatistics: { json in
        let sizes = json.matches(of: /"txbytes":(\d+)/).compactMap { Int($0.1) }
        sent.withLock { $0.append(sizes.reduce(0, +)) }
      })
    try producer.initTransactions(timeoutMilliseconds: scenario.timeout)
    /// What one transaction with a megabyte of zeros for `topic` brings onto the wire, twice: the statistics
    /// count by broker and by partition.
    func bytesSent(to topic: ProducerTopic) throws -> Int {
      func total() throws -> Int {
        let known = sent.withLock { $0.count }
        try eventually("statistics are told") {
          try producer.begin()
          try producer.abort(timeoutMilliseconds: scenario.timeout)
          return sent.withLock { $0.count > known + 1 }
        }
        return sent.withLock { $0.last! }
      }
      let before = try total()
      try producer.begin()
      try [UInt8](repeating: 0, count: 900_000).withUnsafeBytes {
        try producer.produce(topic, partition: 0, key: nil, value: $0)
      }
      try producer.commit(timeoutMilliseconds: scenario.timeout)
      return try total() - before
    }
    #expect(try bytesSent(to: producer.topic(compressed)) < 1_000_000)
    let topic = try producer.topic(plain, properties: ["compression.codec": "none"])
    #expect(try bytesSent(to: topic) > 1_700_000)
    #expect(throws: KafkaError.self) {
      try producer.topic(LocalBroker.uniqueName("other"), properties: ["compression.codec": "zip"])
    }
  }

  @Test("offsets are committed with their transaction and not after an abort")
  func offsetsAreAtomic() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let source = TopicPartition(topic: try scenario.topic(), partition: 0)
    let consumer = try scenario.consumer(["group.id": LocalBroker.uniqueName("group")])
    let producer = try scenario.transactionalProducer()
    func committed() throws -> Int64? {
      try consumer.committed([source], timeoutMilliseconds: scenario.timeout)[source] ?? nil
    }

    try producer.begin()
    try produce(["a"], to: topic, with: producer)
    try producer.sendOffsets(
      [source: 5], group: consumer.groupMetadata(), timeoutMilliseconds: scenario.timeout)
    try producer.abort(timeoutMilliseconds: scenario.timeout)
    #expect(try committed() == nil)

    try producer.begin()
    try produce(["b"], to: topic, with: producer)
    try producer.sendOffsets(
      [source: 9], group: consumer.groupMetadata(), timeoutMilliseconds: scenario.timeout)
    try producer.commit(timeoutMilliseconds: scenario.timeout)
    #expect(try committed() == 9)
    #expect(try scenario.readAll(topic) == ["b"])
  }

  @Test("a second producer of the same id fences the first, which is fatal for it")
  func fencing() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let identity = LocalBroker.uniqueName("id")
    let first = try scenario.transactionalProducer(identity)
    try first.begin()
    try produce(["never"], to: topic, with: first)

    let second = try scenario.transactionalProducer(identity)
    let error = try kafkaError {
      try first.commit(timeoutMilliseconds: scenario.timeout)
    }
    #expect(error.recovery == .rebuildClient, "\(error)")
    first.close()

    try second.begin()
    try produce(["mine"], to: topic, with: second)
    try second.commit(timeoutMilliseconds: scenario.timeout)
    #expect(try scenario.readAll(topic) == ["mine"])
  }

  @Test("a producer abandoned in mid-transaction leaves nothing once its id starts again")
  func abandonment() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let identity = LocalBroker.uniqueName("id")
    do {
      let first = try scenario.transactionalProducer(identity)
      try first.begin()
      try produce(["never"], to: topic, with: first)
      try eventually("the record reaches the broker") {
        try scenario.readAll(topic, isolation: "read_uncommitted") == ["never"]
      }
      first.close()
      let error = try kafkaError { try first.begin() }
      #expect(error.message.contains("closed"))
    }
    _ = try scenario.transactionalProducer(identity)
    #expect(try scenario.readAll(topic) == [])
  }

  @Test("calls out of order are errors, not crashes")
  func outOfOrder() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let producer = try scenario.transactionalProducer()
    let early = try kafkaError { try produce(["x"], to: topic, with: producer) }
    #expect(early.name == "_STATE")
    #expect(early.recovery == .unspecified)
    let commit = try kafkaError { try producer.commit(timeoutMilliseconds: 1000) }
    #expect(commit.operation == "commit transaction")
  }
}
