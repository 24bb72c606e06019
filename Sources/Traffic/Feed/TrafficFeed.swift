import Attribution
import Cluster
import Configuration
import Foundation
import Kafka
import Logging

/// Sends generated records to the input topics. One thread uses a feed.
public final class TrafficFeed {
  /// When a record is sent.
  public enum Pace: Sendable {
    /// As soon as the broker takes it.
    case unlimited
    /// So many records per second, whatever their timestamps say. Records without a topic count, so that event
    /// times keep up with the clock.
    case rate(Int)
    /// When the wall clock reaches the record's timestamp; at once if that is past.
    case arrival
  }

  /// How long a record may wait for its broker.
  private static let patienceMilliseconds: Int32 = 300_000

  private let producer: Producer
  private let topics: [EventKind: ProducerTopic]
  private let pace: Pace
  private let isStopped: () -> Bool
  private let began = ContinuousClock.now
  private var generated = 0

  /// - Parameter isStopped: asked again and again; ends sending, and the wait for a record that is not yet due.
  public init(
    _ configuration: Configuration, pace: Pace, isStopped: @escaping () -> Bool, logger: Logger
  ) throws {
    let found = try Preflight(configuration, logger: logger).plan()
    var settings = ClientSettings.producer(configuration)
    // A broker that is away for a while must not cost records; no reader waits for a transaction here.
    settings["message.timeout.ms"] =
      configuration.kafka["message.timeout.ms"] ?? "\(TrafficFeed.patienceMilliseconds)"
    producer = try Producer(settings, logger: logger)
    var topics: [EventKind: ProducerTopic] = [:]
    for kind in EventKind.allCases
    where found.inputTopics.contains(where: { $0.kinds.contains(kind) }) {
      guard let name = configuration.ownTopic(of: kind) else {
        throw OperatorError(
          "the \(kind.inputName) are mapped by inputs, and generated events are in our own form; leave inputs "
            + "out for a trial")
      }
      topics[kind] = try producer.topic(name)
    }
    self.topics = topics
    self.pace = pace
    self.isStopped = isStopped
  }

  /// Sends records until there are no more or it is stopped, and waits until all are delivered.
  ///
  /// - Parameter onProgress: told now and then how many have been generated.
  public func send(
    _ generator: inout TrafficGenerator, onProgress: (Int) -> Void = { _ in }
  ) throws {
    while !isStopped(), let record = generator.next() {
      defer { generated += 1 }
      guard let topic = topics[record.kind] else { continue }
      waitUntilDue(record)
      try record.key.withUnsafeBytes { key in
        try record.value.withUnsafeBytes { value in
          try producer.produce(topic, key: key, value: value, timestamp: record.timestamp)
        }
      }
      if generated % 64 == 0 { onProgress(generated) }
    }
    try producer.flush(timeoutMilliseconds: TrafficFeed.patienceMilliseconds)
    try producer.checkDelivery()
    producer.close()
  }

  private func waitUntilDue(_ record: GeneratedRecord) {
    // Sleeping for less than this costs more than it evens out.
    while case let seconds = secondsUntilDue(record), seconds > 0.002, !isStopped() {
      Thread.sleep(forTimeInterval: min(seconds, 0.1))
    }
  }

  private func secondsUntilDue(_ record: GeneratedRecord) -> Double {
    switch pace {
    case .unlimited: 0
    case .rate(let rate):
      ContinuousClock.now.duration(to: began + .microseconds(generated * 1_000_000 / rate))
        / .seconds(1)
    case .arrival: Double(record.timestamp) / 1_000 - Date().timeIntervalSince1970
    }
  }
}
