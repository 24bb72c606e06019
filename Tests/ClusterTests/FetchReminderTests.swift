// Safety: the mock cluster and its client live as long as the test that made them.

import CRdkafka
import Glibc
import Kafka
import Logging
import Testing

@testable import Cluster

/// librdkafka before 2.3 looks at full queues once a second, unless it is reminded.
@Suite(.serialized, .disabled(if: Librdkafka.hasFetchBackoff)) struct FetchReminderTests {
  private static let count = 8_000
  private let partition = TopicPartition(topic: "fast", partition: 0)
  private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test func aFastReaderIsNotLeftWaiting() throws {
    let client = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0))
    defer { rd_kafka_destroy(client) }
    let cluster = try #require(rd_kafka_mock_cluster_new(client, 1))
    defer { rd_kafka_mock_cluster_destroy(cluster) }
    let servers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    let producer = try Producer(
      ["bootstrap.servers": servers, "linger.ms": "5", "batch.num.messages": "100"], logger: quiet)
    let topic = try producer.topic(partition.topic)
    for _ in 0..<Self.count {
      try [UInt8](repeating: 7, count: 100).withUnsafeBytes {
        try producer.produce(topic, partition: 0, key: nil, value: $0)
      }
    }
    try producer.flush(timeoutMilliseconds: 10_000)
    producer.close()

    let reminded = try read(from: servers, isReminded: true)
    let left = try read(from: servers, isReminded: false)
    #expect(reminded * 3 < left, "\(reminded) with reminders, \(left) without")
  }

  /// How long it takes to read everything in gulps, each as soon as the queue has had time to fill.
  private func read(from servers: String, isReminded: Bool) throws -> Duration {
    let consumer = try Consumer(
      [
        "bootstrap.servers": servers, "group.id": "g", "queued.min.messages": "1000",
        "fetch.message.max.bytes": "65536", "fetch.wait.max.ms": "10",
      ], logger: quiet)
    defer { consumer.close(timeoutMilliseconds: 0) }
    try consumer.assign([(partition, offset: 0)])
    let queue = try #require(consumer.queue(for: partition))
    var reminder = FetchReminder { _ in 100 }
    if isReminded { reminder.watch([partition], of: consumer) }
    let batch = RecordBatch(capacity: 1_024)
    let began = ContinuousClock.now
    var count = 0
    while count < Self.count {
      usleep(30_000)
      try consumer.poll()
      reminder.remind(consumer)
      while true {
        let taken = try queue.read(into: batch, timeoutMilliseconds: 0)
        if taken == 0 { break }
        count += taken
      }
      try consumer.poll()
      reminder.remind(consumer)
      try #require(began.duration(to: .now) < .seconds(60))
    }
    return began.duration(to: .now)
  }
}
