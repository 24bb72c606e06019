import BrokerKit
import Dispatch
import Kafka
import Testing

@Suite(
  "Records through a broker", .serialized, .enabled(if: LocalBroker.isAvailable),
  .timeLimit(.minutes(2)))
struct RoundTripTests {
  @Test("key, value, timestamp and headers come back as they were written")
  func wholeRecord() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let producer = try scenario.producer()
    let headers = [
      Header(name: "kind", value: Array("click".utf8)), Header(name: "none", value: nil),
      Header(name: "kind", value: []),
    ]
    try withBytes("user-1") { key in
      try withBytes("hello") { value in
        try producer.produce(
          try producer.topic(topic), partition: 0, key: key, value: value,
          timestamp: 1_700_000_000_123, headers: headers)
      }
    }
    try producer.flush(timeoutMilliseconds: scenario.timeout)

    let consumer = try scenario.consumer()
    let partition = TopicPartition(topic: topic, partition: 0)
    try consumer.assign([(partition, offset: LogicalOffset.beginning)])
    let queue = try #require(consumer.queue(for: partition))
    let batch = RecordBatch(capacity: 10)
    try eventually("the record comes") { try queue.read(into: batch) == 1 }
    let record = batch[0]
    #expect(record.partition == 0)
    #expect(record.offset == 0)
    #expect(record.timestamp == 1_700_000_000_123)
    #expect(text(record.key) == "user-1")
    #expect(text(record.value) == "hello")
    #expect(record.headers() == headers)
  }

  @Test("a null key and a tombstone differ from empty ones")
  func nullsAndEmpties() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let producer = try scenario.producer()
    let handle = try producer.topic(topic)
    let empty = UnsafeRawBufferPointer(start: nil, count: 0)
    try producer.produce(handle, partition: 0, key: nil, value: nil)
    try producer.produce(handle, partition: 0, key: empty, value: empty)
    try producer.flush(timeoutMilliseconds: scenario.timeout)

    let consumer = try scenario.consumer()
    let partition = TopicPartition(topic: topic, partition: 0)
    try consumer.assign([(partition, offset: LogicalOffset.beginning)])
    let queue = try #require(consumer.queue(for: partition))
    let batch = RecordBatch(capacity: 10)
    var found: [[Int?]] = []
    try eventually("both records come") {
      _ = try queue.read(into: batch)
      found += batch.map { [$0.key?.count, $0.value?.count] }
      return found.count == 2
    }
    #expect(found == [[nil, nil], [0, 0]])
  }

  @Test("the end of the log is told, and again after new records")
  func endOfLog() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    try scenario.write(["a", "b", "c"], to: topic)
    let partition = TopicPartition(topic: topic, partition: 0)
    let consumer = try scenario.consumer()
    try consumer.assign([(partition, offset: 0)])
    #expect(try scenario.readToEnd(consumer, partition) == ["a", "b", "c"])
    try scenario.write(["d"], to: topic)
    #expect(try scenario.readToEnd(consumer, partition) == ["d"])
    #expect(try consumer.position([partition]) == [partition: 4])
  }

  @Test("a batch brings at most what it is asked for, and the rest comes next, in order")
  func boundedBatches() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let written = (0..<50).map { "v\($0)" }
    try scenario.write(written, to: topic)
    let partition = TopicPartition(topic: topic, partition: 0)
    let consumer = try scenario.consumer()
    try consumer.assign([(partition, offset: 0)])
    let queue = try #require(consumer.queue(for: partition))
    let batch = RecordBatch(capacity: 7)
    var values: [String] = []
    try eventually("all records come") {
      let count = try queue.read(into: batch, max: values.count < 7 ? 3 : nil)
      #expect(count <= 7 && count == batch.count)
      values += batch.map { text($0.value) ?? "nil" }
      if count == 0 { consumer.wait(timeoutMilliseconds: 50) }
      return values.count == 50
    }
    #expect(values == written)
    batch.release()
    #expect(batch.isEmpty)
    #expect(batch.endOffset == nil)
  }

  @Test("a batch keeps its records valid after its consumer is gone")
  func batchOutlivesConsumer() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    try scenario.write(["kept"], to: topic)
    let batch = RecordBatch(capacity: 1)
    do {
      let partition = TopicPartition(topic: topic, partition: 0)
      let consumer = try scenario.consumer()
      try consumer.assign([(partition, offset: 0)])
      let queue = try #require(consumer.queue(for: partition))
      try eventually("the record comes") { try queue.read(into: batch) == 1 }
      consumer.close()
    }
    #expect(text(batch[0].value) == "kept")
  }

  @Test("each partition is read from its own queue")
  func separateQueues() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic(partitions: 2)
    try scenario.write(["zero"], to: topic, partition: 0)
    try scenario.write(["one"], to: topic, partition: 1)
    let consumer = try scenario.consumer()
    let partitions = (0..<2).map { TopicPartition(topic: topic, partition: $0) }
    try consumer.assign(partitions.map { ($0, offset: 0) })
    #expect(try scenario.readToEnd(consumer, partitions[1]) == ["one"])
    #expect(try scenario.readToEnd(consumer, partitions[0]) == ["zero"])
  }

  @Test("an offset outside the log is an error of the partition's queue")
  func offsetOutOfRange() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    try scenario.write(["a"], to: topic)
    let partition = TopicPartition(topic: topic, partition: 0)
    let consumer = try scenario.consumer(["auto.offset.reset": "error"])
    try consumer.assign([(partition, offset: 1000)])
    let queue = try #require(consumer.queue(for: partition))
    let batch = RecordBatch(capacity: 10)
    let error = try kafkaError {
      try eventually("the error comes") {
        try consumer.poll()
        _ = try queue.read(into: batch)
        consumer.wait(timeoutMilliseconds: 50)
        return false
      }
    }
    #expect(error.operation == "read \(partition)")
    #expect(["_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"].contains(error.name))
  }

  @Test("wake ends a wait from another thread")
  func wakeEndsWait() throws {
    let scenario = try Scenario()
    let consumer = try scenario.consumer()
    let start = ContinuousClock.now
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(200)) {
      consumer.wake()
    }
    while ContinuousClock.now - start < .milliseconds(150) {
      consumer.wait(timeoutMilliseconds: 10_000)
      try consumer.poll()
    }
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test("a record too large for the producer is refused by name")
  func tooLarge() throws {
    let scenario = try Scenario()
    let producer = try scenario.producer()
    let topic = try producer.topic(try scenario.topic())
    let large = [UInt8](repeating: 0, count: 3_000_000)
    let error = try kafkaError {
      try large.withUnsafeBytes { try producer.produce(topic, key: nil, value: $0) }
    }
    #expect(error.name == "MSG_SIZE_TOO_LARGE")
  }
}
