// Safety: the mock cluster and its client live as long as the test that made them.

import CRdkafka
import Configuration
import Kafka
import Logging
import Testing

@testable import Cluster

@Suite(.serialized) struct LogTailTests {
  private let partition = TopicPartition(topic: "state", partition: 0)
  private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test func aBrokerThatIsAwayIsWaitedFor() throws {
    let client = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0))
    defer { rd_kafka_destroy(client) }
    let cluster = try #require(rd_kafka_mock_cluster_new(client, 1))
    defer { rd_kafka_mock_cluster_destroy(cluster) }
    var configuration = Configuration()
    configuration.bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    let producer = try Producer(
      ["bootstrap.servers": configuration.bootstrapServers], logger: quiet)
    let topic = try producer.topic(partition.topic)
    for byte: UInt8 in 0..<10 {
      try withUnsafeBytes(of: byte) {
        try producer.produce(topic, partition: 0, key: nil, value: $0)
      }
    }
    try producer.flush(timeoutMilliseconds: 10_000)
    producer.close()

    let tail = try LogTail(configuration, logger: quiet, stallTimeout: .seconds(1))
    defer { tail.close() }
    func hasLast() throws -> Bool {
      try tail.read(partition, from: 0, through: 10) { $0.value?.first == 9 }
    }
    #expect(try hasLast())

    rd_kafka_mock_broker_set_down(cluster, 1)
    let error = try #require(throws: KafkaError.self) { try hasLast() }
    #expect(error.isTransient, "\(error)")

    // The broker comes back while somebody waits.
    var attempts = 0
    let found = try Retry(limit: .seconds(30), logger: quiet) {
      attempts += 1
      if attempts == 2 { rd_kafka_mock_broker_set_up(cluster, 1) }
      return try hasLast()
    }
    #expect(found)
    #expect(attempts >= 2)
  }

  @Test func aPartitionWithoutLeaderIsLeftOut() throws {
    let client = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0))
    defer { rd_kafka_destroy(client) }
    let cluster = try #require(rd_kafka_mock_cluster_new(client, 1))
    defer { rd_kafka_mock_cluster_destroy(cluster) }
    rd_kafka_mock_topic_create(cluster, partition.topic, 2, 1)
    rd_kafka_mock_partition_set_leader(cluster, partition.topic, 1, -1)
    var configuration = Configuration()
    configuration.bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    let tail = try LogTail(configuration, logger: quiet)
    defer { tail.close() }
    let leaderless = TopicPartition(topic: partition.topic, partition: 1)

    #expect(try tail.ends(of: [partition, leaderless]) == [partition: 0])
    #expect(try tail.bounds(of: [partition, leaderless]).keys.sorted() == [partition])
    #expect(try !tail.isEmpty([partition, leaderless]), "the other may hold something")
    #expect(try tail.isEmpty([partition]))
    let error = try #require(throws: KafkaError.self) { try tail.ends(of: [leaderless]) }
    #expect(error.isTransient, "\(error)")
  }
}
