// Safety: calls librdkafka with a pointer that its handle keeps alive; error objects are taken over
// and destroyed by `KafkaError(taking:)`.

internal import CRdkafka
import Logging

/// Writes records and consumed offsets in transactions: all of one, or nothing.
///
/// ```swift
/// let producer = try TransactionalProducer(configuration, logger: logger)
/// try producer.initTransactions(timeoutMilliseconds: 10_000)   // fences the last of this id
/// try producer.begin()
/// try producer.produce(topic, partition: 3, key: key, value: value)
/// try producer.sendOffsets(next, group: consumer.groupMetadata(), timeoutMilliseconds: 10_000)
/// try producer.commit(timeoutMilliseconds: 10_000)
/// ```
///
/// One thread uses a producer. What to do about an error of any of its calls is the error's
/// ``KafkaError/recovery``: after ``KafkaError/Recovery/renewProducer`` abandon the producer
/// (``close()``) and make a new one with the same `transactional.id`, whose `initTransactions` ends
/// the open transaction and fences the old producer.
public final class TransactionalProducer {
  private let client: ClientHandle
  private let sender: RecordSender
  private var isClosed = false

  /// Whether a transaction is open: begun, neither committed nor aborted.
  public private(set) var isInTransaction = false

  /// Makes a producer; it connects in the background.
  ///
  /// - Parameters:
  ///   - configuration: must have `transactional.id`. Keep `message.timeout.ms` ≤
  ///     `transaction.timeout.ms`, and both short: an open transaction holds its readers up.
  ///   - produceTimeoutMilliseconds: how long ``produce`` waits while the buffer
  ///     (`queue.buffering.max.*`) is full.
  ///   - onStatistics: called inside calls to the producer with JSON every `statistics.interval.ms`.
  /// - Throws: a ``KafkaError`` naming the property that is wrong or missing.
  public init(
    _ configuration: ClientConfiguration, logger: Logger,
    produceTimeoutMilliseconds: Int32 = 10_000, onStatistics: ((String) -> Void)? = nil
  ) throws(KafkaError) {
    guard let identity = configuration["transactional.id"], !identity.isEmpty else {
      throw .invalidArgument(
        "transactional.id is not set", operation: "make transactional producer")
    }
    let defaults: ClientConfiguration = ["delivery.report.only.error": "true"]
    client = try ClientHandle(
      .producer, defaults.merging(configuration),
      context: ClientContext(logger: logger, onStatistics: onStatistics), countsDeliveries: true)
    sender = RecordSender(client: client, patienceMilliseconds: produceTimeoutMilliseconds)
  }

  /// Takes the `transactional.id` over: ends the open transaction of its last holder and fences it.
  /// Once, before the first transaction.
  public func initTransactions(timeoutMilliseconds: Int32) throws(KafkaError) {
    try call("init transactions") {
      rd_kafka_init_transactions(client.pointer, timeoutMilliseconds)
    }
  }

  /// Opens a transaction. Local: the brokers learn of it with the first record.
  public func begin() throws(KafkaError) {
    try call("begin transaction") { rd_kafka_begin_transaction(client.pointer) }
    client.context.forgetDeliveryFailures()
    isInTransaction = true
  }

  /// The handle of a topic; the same object each time.
  ///
  /// - Parameter properties: librdkafka's topic properties that differ from the producer's; they are those
  ///   of the first call.
  public func topic(
    _ name: String, properties: [String: String] = [:]
  ) throws(KafkaError) -> ProducerTopic {
    try sender.topic(name, properties)
  }

  /// Puts a record into the open transaction, copying key and value.
  ///
  /// - Parameters:
  ///   - partition: -1 lets the configured `partitioner` choose.
  ///   - key: `nil` is no key.
  ///   - value: `nil` is a tombstone.
  ///   - timestamp: milliseconds since 1970 UTC; `nil` is now.
  /// - Throws: when the buffer stays full, the record is too large, the partition does not exist, or
  ///   the transaction can only be aborted.
  public func produce(
    _ topic: ProducerTopic, partition: Int32 = -1, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64? = nil, headers: [Header] = []
  ) throws(KafkaError) {
    do throws(KafkaError) {
      try requireOpen("produce to \(topic.name)")
      try sender.send(
        topic, partition: partition, key: key, value: value, timestamp: timestamp,
        headers: headers)
    } catch {
      throw abortable(error)
    }
  }

  /// Adds consumed positions to the open transaction: they are committed with it or not at all.
  ///
  /// - Parameters:
  ///   - offsets: the next offset to read of each partition.
  ///   - group: the consumer's ``Consumer/groupMetadata()``, taken now.
  public func sendOffsets(
    _ offsets: [TopicPartition: Int64], group: ConsumerGroupMetadata, timeoutMilliseconds: Int32
  ) throws(KafkaError) {
    guard !offsets.isEmpty else { return }
    let list = TopicPartitionList(offsets: offsets)
    try call("send offsets to transaction") {
      rd_kafka_send_offsets_to_transaction(
        client.pointer, list.pointer, group.pointer, timeoutMilliseconds)
    }
  }

  /// Delivers what is buffered and commits: from now on readers see all of it.
  public func commit(timeoutMilliseconds: Int32) throws(KafkaError) {
    try call("commit transaction") {
      rd_kafka_commit_transaction(client.pointer, timeoutMilliseconds)
    }
    isInTransaction = false
  }

  /// The topic whose size limit refused a record of the open transaction; nil when none did. The same record
  /// would be refused again.
  public var topicThatRefusedASize: String? {
    rd_kafka_poll(client.pointer, 0)
    guard let failure = client.context.firstDeliveryFailure,
      failure.code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue
    else { return nil }
    return failure.subject
  }

  /// Waits until every record of the open transaction was delivered or has failed; commits nothing.
  ///
  /// - Throws: the first failed delivery, or a timeout.
  public func flush(timeoutMilliseconds: Int32) throws(KafkaError) {
    let code = rd_kafka_flush(client.pointer, timeoutMilliseconds)
    rd_kafka_poll(client.pointer, 0)
    if let failure = client.context.firstDeliveryFailure { throw client.explained(failure) }
    try client.check(code, operation: "flush")
  }

  /// Drops the transaction: readers of committed records see none of it, and its offsets stay as
  /// they were.
  public func abort(timeoutMilliseconds: Int32) throws(KafkaError) {
    try call("abort transaction") {
      rd_kafka_abort_transaction(client.pointer, timeoutMilliseconds)
    }
    isInTransaction = false
  }

  /// Ends the producer. Idempotent, at most a second.
  ///
  /// An open transaction is abandoned, not aborted: it ends when the same `transactional.id` starts
  /// again or `transaction.timeout.ms` is over.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    sender.discard(timeoutMilliseconds: 1000)
  }

  private func call(
    _ operation: String, _ body: () -> OpaquePointer?
  ) throws(KafkaError) {
    try requireOpen(operation)
    try client.check(body(), operation: operation)
    rd_kafka_poll(client.pointer, 0)
  }

  /// librdkafka refuses records with "wrong state" once the transaction has failed in the background;
  /// with a transaction open that can only mean: abort.
  private func abortable(_ error: KafkaError) -> KafkaError {
    guard isInTransaction, !isClosed, error.code == RD_KAFKA_RESP_ERR__STATE.rawValue else {
      return error
    }
    if let fatal = client.fatalError(operation: error.operation) { return fatal }
    var error = error
    error.requiresAbort = true
    error.message += "; the open transaction has failed and must be aborted"
    return error
  }

  private func requireOpen(_ operation: @autoclosure () -> String) throws(KafkaError) {
    if isClosed { throw .wrongState("the producer is closed", operation: operation()) }
  }
}
