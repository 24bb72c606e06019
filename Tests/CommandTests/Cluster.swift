import BrokerKit
import Configuration
import Foundation
import Kafka
import Logging

/// A set of topics of its own on the test broker, and the program configured for it.
struct Cluster {
  let broker: LocalBroker
  let prefix: String
  var program: Program
  let configuration: Configuration

  init(
    _ settings: [String: String] = [:], partitions: Int? = 4,
    broker: LocalBroker? = nil
  ) throws {
    self.broker = try broker ?? LocalBroker.shared()
    prefix = LocalBroker.uniqueName("t")
    var environment = settings
    for (key, name) in [
      ("IMPRESSIONS", "impressions"), ("CLICKS", "clicks"), ("CONVERSIONS", "conversions"),
      ("COSTS", "costs"), ("ROLLUPS", "rollups"), ("ATTRIBUTIONS", "attributions"),
      ("DEAD_LETTERS", "dead-letters"), ("LATE_EVENTS", "late-events"),
    ] { environment["TRIBUTARY_TOPICS_\(key)"] = "\(prefix)-\(name)" }
    environment["TRIBUTARY_APPLICATION_ID"] = prefix
    environment["TRIBUTARY_BOOTSTRAP_SERVERS"] = self.broker.bootstrapServers
    environment["TRIBUTARY_INSTANCE_ID"] = "test"
    program = Program(environment: environment)
    configuration = try Configuration.load(file: nil, environment: environment)
    if let partitions {
      _ = try program.run("topics", "create", "--partitions", "\(partitions)")
    }
  }

  var clientConfiguration: ClientConfiguration {
    ["bootstrap.servers": broker.bootstrapServers, "receive.message.max.bytes": "1000000000"]
  }

  func makeAdmin() throws -> AdminClient {
    try AdminClient(clientConfiguration, logger: quiet)
  }

  /// Every committed record of a topic: partition, key, value, headers.
  func records(
    of topic: String
  ) throws -> [(partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: [String: String])] {
    var settings = clientConfiguration
    settings["enable.partition.eof"] = "true"
    settings["isolation.level"] = "read_committed"
    let consumer = try Consumer(settings, logger: quiet)
    defer { consumer.close() }
    let count = try consumer.partitionCount(of: topic, timeoutMilliseconds: 10_000) ?? 0
    let partitions = (0..<Int32(count)).map { TopicPartition(topic: topic, partition: $0) }
    try consumer.assign(partitions.map { ($0, offset: 0) })
    let batch = RecordBatch(capacity: 1_000)
    var found: [(partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: [String: String])] = []
    for partition in partitions {
      let queue = consumer.queue(for: partition)!
      var isAtEnd = false
      while !isAtEnd {
        try consumer.poll()
        _ = try queue.read(into: batch, timeoutMilliseconds: 100)
        func keep(_ record: Record) {
          let headers = record.headers().map {
            ($0.name, String(decoding: $0.value ?? [], as: UTF8.self))
          }
          found.append(
            (
              partition.partition, record.key.map { Array($0) }, record.value.map { Array($0) },
              Dictionary(headers) { $1 }
            ))
        }
        for message in batch { try message.forEachPacked(of: partition, keep) }
        isAtEnd = batch.endOffset != nil
      }
    }
    return found
  }
}

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
