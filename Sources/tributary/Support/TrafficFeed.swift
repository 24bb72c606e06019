import Attribution
import Configuration
import Foundation
import Kafka
import Logging
import Pipeline
import TributaryTestKit

/// Sends generated records to the input topics, at a rate or as fast as the broker takes them.
final class TrafficFeed {
  private let producer: Producer
  private let topics: [EventKind: ProducerTopic]
  private let began = ContinuousClock.now
  private(set) var sent = 0

  init(_ configuration: Configuration, logger: Logger) throws {
    let found = try Preflight(configuration, logger: logger).plan()
    producer = try Producer(ClientSettings.producer(configuration), logger: logger)
    var topics: [EventKind: ProducerTopic] = [:]
    for input in found.inputTopics { topics[input.kind] = try producer.topic(input.name) }
    self.topics = topics
  }

  /// - Parameter paced: records per second; 0 does not wait.
  func send(_ record: GeneratedRecord, paced: Int) throws {
    guard let topic = topics[record.kind] else { return }
    if paced > 0 {
      let due = began + .microseconds(sent * 1_000_000 / paced)
      let wait = ContinuousClock.now.duration(to: due) / .seconds(1)
      if wait > 0.002 { Thread.sleep(forTimeInterval: wait) }
    }
    try record.key.withUnsafeBytes { key in
      try record.value.withUnsafeBytes { value in
        try producer.produce(topic, key: key, value: value, timestamp: record.timestamp)
      }
    }
    sent += 1
  }

  /// Waits until everything is delivered.
  func finish() throws {
    try producer.flush(timeoutMilliseconds: 60_000)
    try producer.checkDelivery()
    producer.close()
  }
}
