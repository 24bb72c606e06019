// Safety: calls librdkafka with a pointer that its handle keeps alive.

internal import CRdkafka
import Logging

/// Writes records, each once and in order, without transactions.
///
/// One thread uses a producer. Delivery happens in the background; its failures are counted, and
/// ``flush(timeoutMilliseconds:)`` and ``checkDelivery()`` throw the first of them.
public final class Producer {
  private let client: ClientHandle
  private let sender: RecordSender
  private var isClosed = false

  /// Makes a producer with `enable.idempotence=true` unless the configuration says otherwise; it
  /// connects in the background.
  ///
  /// - Parameters:
  ///   - produceTimeoutMilliseconds: how long ``produce`` waits while the buffer
  ///     (`queue.buffering.max.*`) is full.
  ///   - onStatistics: called inside calls to the producer with JSON every `statistics.interval.ms`.
  /// - Throws: a ``KafkaError`` naming the property that is wrong.
  public init(
    _ configuration: ClientConfiguration, logger: Logger,
    produceTimeoutMilliseconds: Int32 = 30_000, onStatistics: ((String) -> Void)? = nil
  ) throws(KafkaError) {
    let defaults: ClientConfiguration = [
      "enable.idempotence": "true", "delivery.report.only.error": "true",
    ]
    client = try ClientHandle(
      .producer, defaults.merging(configuration),
      context: ClientContext(logger: logger, onStatistics: onStatistics), countsDeliveries: true)
    sender = RecordSender(client: client, patienceMilliseconds: produceTimeoutMilliseconds)
  }

  /// The handle of a topic; the same object each time.
  public func topic(_ name: String) throws(KafkaError) -> ProducerTopic {
    try sender.topic(name)
  }

  /// Puts a record into the buffer, copying key and value.
  ///
  /// - Parameters:
  ///   - partition: -1 lets the configured `partitioner` choose.
  ///   - key: `nil` is no key.
  ///   - value: `nil` is a tombstone.
  ///   - timestamp: milliseconds since 1970 UTC; `nil` is now.
  /// - Throws: when the buffer stays full, the record is too large or the partition does not exist.
  public func produce(
    _ topic: ProducerTopic, partition: Int32 = -1, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64? = nil, headers: [Header] = []
  ) throws(KafkaError) {
    if isClosed {
      throw .wrongState("the producer is closed", operation: "produce to \(topic.name)")
    }
    try sender.send(
      topic, partition: partition, key: key, value: value, timestamp: timestamp, headers: headers)
  }

  /// Waits until every record so far was delivered or has failed.
  ///
  /// - Throws: a timeout, or the first failed delivery.
  public func flush(timeoutMilliseconds: Int32) throws(KafkaError) {
    let code = rd_kafka_flush(client.pointer, timeoutMilliseconds)
    try client.check(code, operation: "flush \(outstanding) records")
    rd_kafka_poll(client.pointer, 0)
    try checkDelivery()
  }

  /// Throws the first failed delivery, if any record has failed so far.
  public func checkDelivery() throws(KafkaError) {
    rd_kafka_poll(client.pointer, 0)
    if var error = client.context.firstDeliveryFailure {
      error.message += "; records failed so far: \(deliveryFailures)"
      throw client.explained(error)
    }
  }

  /// Records that could not be delivered so far.
  public var deliveryFailures: Int { client.context.deliveryFailures }

  /// Records in the buffer or on their way.
  public var outstanding: Int { Int(rd_kafka_outq_len(client.pointer)) }

  /// Ends the producer; what is not delivered yet is dropped, so ``flush(timeoutMilliseconds:)``
  /// first. Idempotent, at most a second.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    sender.discard(timeoutMilliseconds: 1000)
  }
}
