import BrokerKit
import Kafka
import Testing

@Suite(
  "Positions", .serialized, .enabled(if: LocalBroker.isAvailable), .timeLimit(.minutes(2)))
struct PositionTests {
  @Test("a paused partition brings nothing and goes on where it stopped")
  func pauseAndResume() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    try scenario.write((0..<10).map { "v\($0)" }, to: topic)
    let partition = TopicPartition(topic: topic, partition: 0)
    let consumer = try scenario.consumer()
    try consumer.assign([(partition, offset: 0)])
    #expect(try scenario.read(4, from: consumer, partition) == ["v0", "v1", "v2", "v3"])

    try consumer.pause([partition])
    let queue = try #require(consumer.queue(for: partition))
    let batch = RecordBatch(capacity: 10)
    for _ in 0..<5 {
      try consumer.poll()
      #expect(try queue.read(into: batch) == 0)
      consumer.wait(timeoutMilliseconds: 50)
    }
    try consumer.resume([partition])
    #expect(
      try scenario.readToEnd(consumer, partition) == ["v4", "v5", "v6", "v7", "v8", "v9"])
  }

  @Test("a seek changes what the next read brings, back and forth")
  func seeking() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    try scenario.write((0..<10).map { "v\($0)" }, to: topic)
    let partition = TopicPartition(topic: topic, partition: 0)
    let consumer = try scenario.consumer()
    try consumer.assign([(partition, offset: 0)])
    // At once, while the partition is still starting.
    try consumer.seek(partition, to: 8, timeoutMilliseconds: scenario.timeout)
    #expect(try scenario.read(1, from: consumer, partition) == ["v8"])
    try consumer.seek(partition, to: 2, timeoutMilliseconds: scenario.timeout)
    #expect(try scenario.read(2, from: consumer, partition) == ["v2", "v3"])
    #expect(try consumer.position([partition]) == [partition: 4])

    let elsewhere = TopicPartition(topic: topic, partition: 99)
    let error = try kafkaError {
      try consumer.seek(elsewhere, to: 0, timeoutMilliseconds: 5000)
    }
    #expect(error.message.contains("not assigned"))
  }

  @Test("committed offsets are the group's, and none is nil")
  func committedOffsets() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic(partitions: 2)
    let partitions = (0..<2).map { TopicPartition(topic: topic, partition: $0) }
    let consumer = try scenario.consumer(["group.id": LocalBroker.uniqueName("group")])
    try consumer.commit([partitions[0]: 7])
    let committed = try consumer.committed(partitions, timeoutMilliseconds: scenario.timeout)
    #expect(committed == [partitions[0]: 7, partitions[1]: nil])
  }

  @Test("watermarks, end offsets and partition counts are asked from the broker")
  func watermarks() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic(partitions: 3)
    try scenario.write(["a", "b"], to: topic, partition: 1)
    let consumer = try scenario.consumer()
    let partitions = (0..<3).map { TopicPartition(topic: topic, partition: $0) }
    let marks = try consumer.watermarkOffsets(
      partitions[1], timeoutMilliseconds: scenario.timeout)
    #expect(marks == (low: 0, high: 2))
    let ends = try consumer.endOffsets(partitions, timeoutMilliseconds: scenario.timeout)
    #expect(ends == [partitions[0]: 0, partitions[1]: 2, partitions[2]: 0])
    let timeout = scenario.timeout
    #expect(try consumer.partitionCount(of: topic, timeoutMilliseconds: timeout) == 3)
    let missing = LocalBroker.uniqueName("missing")
    #expect(try consumer.partitionCount(of: missing, timeoutMilliseconds: timeout) == nil)
    #expect(try !scenario.admin.listTopics(timeoutMilliseconds: timeout).contains(missing))
  }

  @Test("a time gives the first record at or after it, and past the last the end")
  func offsetsByTime() throws {
    let scenario = try Scenario()
    let topic = try scenario.topic()
    let producer = try scenario.producer()
    let handle = try producer.topic(topic)
    let start: Int64 = 1_700_000_000_000
    for step in 0..<5 {
      try withBytes("v\(step)") {
        try producer.produce(
          handle, partition: 0, key: nil, value: $0, timestamp: start + Int64(step) * 1000)
      }
      try producer.flush(timeoutMilliseconds: scenario.timeout)
    }
    let consumer = try scenario.consumer()
    let partition = TopicPartition(topic: topic, partition: 0)
    func offset(at time: Int64) throws -> Int64? {
      try consumer.offsets(
        forTimes: [partition: time], timeoutMilliseconds: scenario.timeout)[partition]
    }
    #expect(try offset(at: start) == 0)
    #expect(try offset(at: start + 1500) == 2)
    #expect(try offset(at: start + 2000) == 2)
    #expect(try offset(at: start + 100_000) == 5)
  }
}
