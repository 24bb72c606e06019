import BrokerKit
import Kafka
import Logging
import Testing

/// Small helpers that the broker tests are written with.
struct Scenario {
  let broker: LocalBroker
  let admin: AdminClient
  let timeout: Int32 = 10_000

  init() throws { try self.init(LocalBroker.shared()) }

  init(_ broker: LocalBroker) throws {
    self.broker = broker
    admin = try AdminClient(["bootstrap.servers": broker.bootstrapServers], logger: quiet)
  }

  /// A new topic with a name of its own. Records with old timestamps stay in it.
  func topic(partitions: Int32 = 1, settings: [String: String] = [:]) throws -> String {
    let name = LocalBroker.uniqueName("test")
    let results = try admin.createTopics(
      [
        TopicSpecification(
          name: name, partitions: partitions,
          settings: settings.merging(["retention.ms": "-1"]) { given, _ in given })
      ],
      timeoutMilliseconds: timeout)
    try #require(results[name] == .created)
    return name
  }

  func configuration(_ more: ClientConfiguration = [:]) -> ClientConfiguration {
    ClientConfiguration(["bootstrap.servers": broker.bootstrapServers]).merging(more)
  }

  func consumer(_ more: ClientConfiguration = [:]) throws -> Consumer {
    let defaults: ClientConfiguration = [
      "auto.offset.reset": "earliest", "enable.partition.eof": "true",
      "receive.message.max.bytes": "1000000000", "fetch.wait.max.ms": "50",
      "isolation.level": "read_committed",
    ]
    return try Consumer(configuration(defaults.merging(more)), logger: quiet)
  }

  func producer() throws -> Producer {
    try Producer(configuration(["linger.ms": "0"]), logger: quiet)
  }

  func transactionalProducer(
    _ identity: String = LocalBroker.uniqueName("id")
  ) throws -> TransactionalProducer {
    let producer = try TransactionalProducer(
      configuration(["transactional.id": identity, "linger.ms": "0"]), logger: quiet)
    try producer.initTransactions(timeoutMilliseconds: timeout)
    return producer
  }

  /// Writes `values` to partition 0 of `topic` and waits until they are there.
  func write(_ values: [String], to topic: String, partition: Int32 = 0) throws {
    let producer = try producer()
    let handle = try producer.topic(topic)
    for value in values {
      try withBytes(value) {
        try producer.produce(handle, partition: partition, key: nil, value: $0)
      }
    }
    try producer.flush(timeoutMilliseconds: timeout)
    producer.close()
  }

  /// All values of a partition from `offset` to its end.
  func readAll(
    _ topic: String, partition: Int32 = 0, isolation: String = "read_committed"
  ) throws -> [String] {
    let partition = TopicPartition(topic: topic, partition: partition)
    let consumer = try consumer(["isolation.level": isolation])
    try consumer.assign([(partition, offset: LogicalOffset.beginning)])
    return try readToEnd(consumer, partition)
  }

  /// Reads `partition` until its end is met.
  func readToEnd(_ consumer: Consumer, _ partition: TopicPartition) throws -> [String] {
    let queue = try #require(consumer.queue(for: partition))
    let batch = RecordBatch(capacity: 100)
    var values: [String] = []
    try eventually("the end of \(partition) is met") {
      try consumer.poll()
      _ = try queue.read(into: batch)
      values += batch.map { text($0.value) ?? "nil" }
      if batch.endOffset != nil { return true }
      if batch.isEmpty { consumer.wait(timeoutMilliseconds: 50) }
      return false
    }
    return values
  }

  /// Reads until `count` records have come, copying them out.
  func read(
    _ count: Int, from consumer: Consumer, _ partition: TopicPartition
  ) throws -> [String] {
    let queue = try #require(consumer.queue(for: partition))
    let batch = RecordBatch(capacity: 100)
    var values: [String] = []
    try eventually("\(count) records come from \(partition)") {
      try consumer.poll()
      _ = try queue.read(into: batch, max: count - values.count)
      values += batch.map { text($0.value) ?? "nil" }
      if values.count == count { return true }
      consumer.wait(timeoutMilliseconds: 50)
      return false
    }
    return values
  }
}

/// Repeats `step` until it says true; fails after 20 s.
func eventually(_ what: String, _ step: () throws -> Bool) throws {
  let start = ContinuousClock.now
  while ContinuousClock.now - start < .seconds(20) {
    if try step() { return }
  }
  Issue.record("not within 20 s: \(what)")
  throw KafkaError(code: 0, name: "TEST", message: what, operation: "eventually")
}

func withBytes<Result>(
  _ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result
) rethrows -> Result {
  try Array(text.utf8).withUnsafeBytes(body)
}

func text(_ bytes: UnsafeRawBufferPointer?) -> String? {
  bytes.map { String(decoding: $0, as: UTF8.self) }
}

/// Says nothing, so that expected trouble does not fill the tests' output.
let quiet = Logger(label: "kafka-tests") { _ in SwiftLogNoOpLogHandler() }

/// The error that `body` throws; fails when it throws none.
func kafkaError(_ body: () throws -> Void) throws -> KafkaError {
  do {
    try body()
  } catch let error as KafkaError {
    return error
  }
  Issue.record("no error was thrown")
  throw KafkaError(code: 0, name: "TEST", message: "no error", operation: "test")
}
