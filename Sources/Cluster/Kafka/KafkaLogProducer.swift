import Kafka
import Logging

final class KafkaLogProducer: LogProducer {
  private let producer: TransactionalProducer
  private let plan: TopicPlan
  private let logger: Logger
  private let properties: (String) -> [String: String]
  private var topics: [String: ProducerTopic] = [:]
  private var last: (name: String, topic: ProducerTopic)?

  /// - Parameter properties: of a topic, where they differ from the producer's.
  init(
    _ producer: TransactionalProducer, _ plan: TopicPlan, logger: Logger,
    properties: @escaping (String) -> [String: String]
  ) {
    self.producer = producer
    self.plan = plan
    self.logger = logger
    self.properties = properties
  }

  func begin() throws { try producer.begin() }

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    try producer.produce(
      try handle(topic), partition: partition ?? -1, key: key, value: value, timestamp: timestamp,
      headers: headers)
  }

  /// Records come in runs of one topic.
  private func handle(_ topic: String) throws -> ProducerTopic {
    if last?.name == topic { return last!.topic }
    let found = try topics[topic] ?? producer.topic(topic, properties: properties(topic))
    topics[topic] = found
    last = (topic, found)
    return found
  }

  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws {
    guard let consumer = consumer as? KafkaLogConsumer else {
      preconditionFailure("offsets of another log's consumer")
    }
    let group = consumer.consumer.groupMetadata()
    try explained {
      try Retry(limit: .milliseconds(CallTimeout.call), logger: logger).again {
        () throws(KafkaError) in
        try producer.sendOffsets(offsets, group: group, timeoutMilliseconds: CallTimeout.call)
      }
    }
  }

  func commit() throws {
    try explained {
      try Retry(limit: CallTimeout.commitInAll, logger: logger).again(timeouts: true) {
        () throws(KafkaError) in
        try producer.commit(timeoutMilliseconds: CallTimeout.commit)
      }
    }
  }

  /// Runs a call of a transaction. A record that its topic refuses for its size would be refused again, and
  /// what librdkafka says of it then names neither.
  private func explained(_ body: () throws -> Void) throws {
    do { try body() } catch let error as KafkaError {
      guard let topic = producer.topicThatRefusedASize else { throw error }
      throw OperatorError.recordTooLarge(topic, limit: plan.recordLimit(of: topic))
    }
  }

  func abort() throws { try producer.abort(timeoutMilliseconds: CallTimeout.call) }
  func close() { producer.close() }
}

extension Retry {
  /// Makes a transaction's call again where librdkafka says that it may be, and nothing else.
  ///
  /// - Parameter timeouts: also when there was no answer in time: a commit that is asked for again goes on where
  ///   it was, and no other transaction begins meanwhile that a late request could land in.
  fileprivate func again(
    timeouts: Bool = false, _ call: () throws(KafkaError) -> Void
  ) throws(KafkaError) {
    let outcome = try self { () throws(KafkaError) -> KafkaError? in
      do throws(KafkaError) { try call() } catch {
        let mayRepeat =
          error.recovery == .retry
          || timeouts && error.recovery == .renewProducer && error.isRetriable
        guard mayRepeat else { return error }
        throw error
      }
      return nil
    }
    if let outcome { throw outcome }
  }
}
