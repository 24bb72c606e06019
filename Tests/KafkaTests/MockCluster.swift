// Safety: owns a client and its mock cluster from `init` to `deinit`, and uses them on one thread.

import CRdkafka
import Kafka

/// librdkafka's cluster in a process, for errors that a real broker does not give on demand.
final class MockCluster {
  private let client: OpaquePointer
  private let cluster: OpaquePointer

  /// The requests that errors can be injected into, by their number in Kafka's protocol.
  enum Request: Int16 {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case offsetFetch = 9
    case findCoordinator = 10
    case heartbeat = 12
    case initProducerID = 22
    case addPartitionsToTransaction = 24
    case endTransaction = 26
  }

  init(brokers: Int32 = 1) throws {
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0),
      let cluster = rd_kafka_mock_cluster_new(client, brokers)
    else { fatalError("no mock cluster") }
    self.client = client
    self.cluster = cluster
  }

  deinit {
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(client)
  }

  var bootstrapServers: String {
    String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
  }

  /// The next requests of this kind are answered with these errors.
  func fail(_ request: Request, with errors: rd_kafka_resp_err_t...) { fail(request, with: errors) }

  func fail(_ request: Request, with errors: [rd_kafka_resp_err_t]) {
    rd_kafka_mock_push_request_errors_array(
      cluster, request.rawValue, errors.count, errors)
  }

  func takeBrokerDown(_ number: Int32 = 1) { rd_kafka_mock_broker_set_down(cluster, number) }
  func bringBrokerUp(_ number: Int32 = 1) { rd_kafka_mock_broker_set_up(cluster, number) }

  /// From now on answers take so long.
  func delayAnswers(milliseconds: Int32, of broker: Int32 = 1) {
    rd_kafka_mock_broker_set_rtt(cluster, broker, milliseconds)
  }

  func makeTopic(_ name: String, partitions: Int32 = 1, replicas: Int32 = 1) {
    rd_kafka_mock_topic_create(cluster, name, partitions, replicas)
  }

  /// Gives a partition to another broker; -1 to nobody.
  func setLeader(of partition: TopicPartition, _ broker: Int32) {
    rd_kafka_mock_partition_set_leader(cluster, partition.topic, partition.partition, broker)
  }

  /// A producer that has begun its first transaction.
  func producerInTransaction(_ more: ClientConfiguration = [:]) throws -> TransactionalProducer {
    let configuration: ClientConfiguration = [
      "bootstrap.servers": bootstrapServers, "transactional.id": "mock", "linger.ms": "0",
    ]
    let producer = try TransactionalProducer(configuration.merging(more), logger: quiet)
    try producer.initTransactions(timeoutMilliseconds: 10_000)
    try producer.begin()
    return producer
  }
}
