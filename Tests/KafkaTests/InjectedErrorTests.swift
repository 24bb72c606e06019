import CRdkafka
import Glibc
import Kafka
import Testing

@Suite("Injected errors", .serialized, .timeLimit(.minutes(2)))
struct InjectedErrorTests {
  func produce(_ producer: TransactionalProducer) throws {
    try withBytes("value") {
      try producer.produce(try producer.topic("mock"), partition: 0, key: nil, value: $0)
    }
  }

  @Test("errors that pass by themselves are retried within the call")
  func retried() throws {
    let cluster = try MockCluster()
    cluster.fail(.initProducerID, with: RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS)
    let producer = try cluster.producerInTransaction()
    try produce(producer)
    cluster.fail(.endTransaction, with: RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE)
    try producer.commit(timeoutMilliseconds: 10_000)
  }

  @Test("a refused record asks for an abort, and the next transaction commits")
  func abortRequired() throws {
    let cluster = try MockCluster()
    let producer = try cluster.producerInTransaction()
    cluster.fail(
      .addPartitionsToTransaction, with: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    try produce(producer)
    let error = try kafkaError { try producer.commit(timeoutMilliseconds: 10_000) }
    #expect(error.recovery == .abortTransaction, "\(error)")
    #expect(producer.isInTransaction)

    let late = try kafkaError { try produce(producer) }
    #expect(late.recovery == .abortTransaction, "\(late)")

    try producer.abort(timeoutMilliseconds: 10_000)
    try producer.begin()
    try produce(producer)
    try producer.commit(timeoutMilliseconds: 10_000)
  }

  @Test("a commit that nobody answers times out: abandon the producer")
  func timedOut() throws {
    let cluster = try MockCluster()
    let producer = try cluster.producerInTransaction()
    try produce(producer)
    cluster.takeBrokerDown()
    let start = ContinuousClock.now
    let error = try kafkaError { try producer.commit(timeoutMilliseconds: 1500) }
    #expect(error.recovery == .renewProducer, "\(error)")
    #expect(ContinuousClock.now - start < .seconds(6))
    producer.close()
  }

  @Test("a fenced commit is fatal, and so is all that follows")
  func fenced() throws {
    let cluster = try MockCluster()
    let producer = try cluster.producerInTransaction()
    try produce(producer)
    cluster.fail(.endTransaction, with: RD_KAFKA_RESP_ERR_PRODUCER_FENCED)
    let error = try kafkaError { try producer.commit(timeoutMilliseconds: 10_000) }
    #expect(error.recovery == .rebuildClient, "\(error)")
    let late = try kafkaError { try produce(producer) }
    #expect(late.recovery == .rebuildClient, "\(late)")
    let abort = try kafkaError { try producer.abort(timeoutMilliseconds: 10_000) }
    #expect(abort.recovery == .rebuildClient, "\(abort)")
  }

  @Test("a plain producer counts failed deliveries and throws the first")
  func failedDelivery() throws {
    let cluster = try MockCluster()
    let producer = try Producer(
      ["bootstrap.servers": cluster.bootstrapServers, "enable.idempotence": "false"],
      logger: quiet)
    cluster.fail(.produce, with: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    let topic = try producer.topic("mock")
    try withBytes("value") { try producer.produce(topic, partition: 0, key: nil, value: $0) }
    let error = try kafkaError { try producer.flush(timeoutMilliseconds: 10_000) }
    #expect(error.name == "TOPIC_AUTHORIZATION_FAILED")
    #expect(producer.deliveryFailures == 1)
    #expect(producer.outstanding == 0)
    #expect(throws: KafkaError.self) { try producer.checkDelivery() }
  }

  @Test("a full buffer is waited for, and then an error")
  func fullBuffer() throws {
    let producer = try Producer(
      ["bootstrap.servers": "127.0.0.1:1", "queue.buffering.max.messages": "2"], logger: quiet,
      produceTimeoutMilliseconds: 200)
    let topic = try producer.topic("t")
    let start = ContinuousClock.now
    let error = try kafkaError {
      for _ in 0..<3 { try producer.produce(topic, partition: 0, key: nil, value: nil) }
    }
    #expect(error.name == "_QUEUE_FULL")
    #expect(error.recovery == .retry)
    #expect(ContinuousClock.now - start >= .milliseconds(200))
    producer.close()
  }

  @Test("a group that may not be used is an error within seconds, not a wait")
  func forbiddenGroup() throws {
    let cluster = try MockCluster()
    cluster.makeTopic("mock")
    let refusals = [rd_kafka_resp_err_t](
      repeating: RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, count: 200)
    cluster.fail(.findCoordinator, with: refusals)
    let consumer = try Consumer(
      ["bootstrap.servers": cluster.bootstrapServers, "group.id": "ours"], logger: quiet)
    let start = ContinuousClock.now
    let error = try kafkaError {
      _ = try consumer.committed(
        [TopicPartition(topic: "mock", partition: 0)], timeoutMilliseconds: 15_000)
    }
    #expect(error.name == "GROUP_AUTHORIZATION_FAILED" && error.subject == "ours", "\(error)")
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test("records before an error come first, the error next, and later records after it")
  func errorBetweenRecords() throws {
    let cluster = try MockCluster()
    let producer = try Producer(["bootstrap.servers": cluster.bootstrapServers], logger: quiet)
    let topic = try producer.topic("mock")
    func write(_ values: String...) throws {
      for value in values {
        try withBytes(value) { try producer.produce(topic, partition: 0, key: nil, value: $0) }
      }
      try producer.flush(timeoutMilliseconds: 10_000)
    }
    try write("a", "b")

    let consumer = try Consumer(
      [
        "bootstrap.servers": cluster.bootstrapServers, "fetch.wait.max.ms": "50",
      ], logger: quiet)
    let partition = TopicPartition(topic: "mock", partition: 0)
    try consumer.assign([(partition, offset: 0)])
    let queue = try #require(consumer.queue(for: partition))
    // The records and the error behind them wait in the queue, unread.
    consumer.wait(timeoutMilliseconds: 10_000)
    usleep(500_000)
    cluster.fail(.fetch, with: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    usleep(500_000)
    try write("c")
    usleep(1_500_000)

    let batch = RecordBatch(capacity: 10)
    var story: [String] = []
    try eventually("everything was told") {
      do {
        _ = try queue.read(into: batch)
        story += batch.map { text($0.value) ?? "nil" }
      } catch let error as KafkaError {
        story.append(error.name)
      }
      return story.last == "c"
    }
    #expect(story == ["a", "b", "TOPIC_AUTHORIZATION_FAILED", "c"])
  }
}
