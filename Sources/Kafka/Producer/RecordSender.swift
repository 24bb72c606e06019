// Safety: owns an array of arguments that it fills before each call and that librdkafka reads only
// during the call. Key and value are copied by librdkafka (`RD_KAFKA_MSG_F_COPY`) before it returns.
// A header list is librdkafka's once the call succeeds, and destroyed here when it does not.

internal import CRdkafka

/// Sends records for the two producers: fills librdkafka's arguments, waits while its buffer is full.
///
/// Allocates nothing per record unless there are headers.
final class RecordSender {
  let client: ClientHandle
  private var topics: [String: ProducerTopic] = [:]
  private let arguments: UnsafeMutablePointer<rd_kafka_vu_t>
  private let patienceMilliseconds: Int32
  private var sentSinceServed = 0

  /// The order of the arguments; headers come last because most records have none.
  private enum Argument {
    static let topic = 0
    static let partition = 1
    static let flags = 2
    static let key = 3
    static let value = 4
    static let timestamp = 5
    static let headers = 6
    static let count = 7
  }

  /// How many records go between two looks at the client's callbacks.
  private static let servingInterval = 1024

  init(client: ClientHandle, patienceMilliseconds: Int32) {
    self.client = client
    self.patienceMilliseconds = patienceMilliseconds
    arguments = .allocate(capacity: Argument.count)
    arguments.initialize(repeating: rd_kafka_vu_t(), count: Argument.count)
    arguments[Argument.topic].vtype = RD_KAFKA_VTYPE_RKT
    arguments[Argument.partition].vtype = RD_KAFKA_VTYPE_PARTITION
    arguments[Argument.flags].vtype = RD_KAFKA_VTYPE_MSGFLAGS
    arguments[Argument.flags].u.i = RD_KAFKA_MSG_F_COPY
    arguments[Argument.key].vtype = RD_KAFKA_VTYPE_KEY
    arguments[Argument.value].vtype = RD_KAFKA_VTYPE_VALUE
    arguments[Argument.timestamp].vtype = RD_KAFKA_VTYPE_TIMESTAMP
    arguments[Argument.headers].vtype = RD_KAFKA_VTYPE_HEADERS
  }

  deinit {
    arguments.deallocate()
  }

  /// The handle of a topic, made on first use.
  func topic(
    _ name: String, _ properties: [String: String] = [:]
  ) throws(KafkaError) -> ProducerTopic {
    if let known = topics[name] { return known }
    let topic = try ProducerTopic(name, properties, client: client)
    topics[name] = topic
    return topic
  }

  func send(
    _ topic: ProducerTopic, partition: Int32, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws(KafkaError) {
    arguments[Argument.topic].u.rkt = topic.pointer
    arguments[Argument.partition].u.i32 = partition
    set(Argument.key, key)
    set(Argument.value, value)
    arguments[Argument.timestamp].u.i64 = timestamp ?? 0

    var headerList: OpaquePointer?
    if !headers.isEmpty {
      headerList = makeList(headers)
      arguments[Argument.headers].u.headers = headerList
    }
    do throws(KafkaError) {
      try send(argumentCount: headers.isEmpty ? Argument.headers : Argument.count, to: topic)
    } catch {
      if let headerList { rd_kafka_headers_destroy(headerList) }
      throw error
    }

    sentSinceServed += 1
    if sentSinceServed >= Self.servingInterval {
      sentSinceServed = 0
      rd_kafka_poll(client.pointer, 0)
    }
  }

  private func send(argumentCount: Int, to topic: ProducerTopic) throws(KafkaError) {
    var deadline: Deadline?
    while let failure = rd_kafka_produceva(client.pointer, arguments, argumentCount) {
      let isFull = rd_kafka_error_code(failure) == RD_KAFKA_RESP_ERR__QUEUE_FULL
      let until = deadline ?? Deadline(afterMilliseconds: patienceMilliseconds)
      deadline = until
      guard isFull, !until.hasPassed else {
        var error = KafkaError(taking: failure, operation: "produce to \(topic.name)")
        // librdkafka does not say so of its own buffer.
        if isFull { error.isRetriable = true }
        throw client.explained(error)
      }
      rd_kafka_error_destroy(failure)
      rd_kafka_poll(client.pointer, 5)
    }
  }

  /// An empty buffer may have no address, but no address means null to Kafka.
  private func set(_ argument: Int, _ bytes: UnsafeRawBufferPointer?) {
    guard let bytes else {
      arguments[argument].u.mem.ptr = nil
      arguments[argument].u.mem.size = 0
      return
    }
    arguments[argument].u.mem.ptr =
      UnsafeMutableRawPointer(mutating: bytes.baseAddress) ?? UnsafeMutableRawPointer(arguments)
    arguments[argument].u.mem.size = bytes.count
  }

  private func makeList(_ headers: [Header]) -> OpaquePointer {
    guard let list = rd_kafka_headers_new(headers.count) else { outOfMemory() }
    for header in headers {
      guard let value = header.value else {
        rd_kafka_header_add(list, header.name, -1, nil, 0)
        continue
      }
      value.withUnsafeBytes { bytes in
        _ = rd_kafka_header_add(
          list, header.name, -1, bytes.baseAddress ?? UnsafeRawPointer(arguments), bytes.count)
      }
    }
    return list
  }

  /// Drops what was not delivered and what is on its way, then serves the last callbacks.
  func discard(timeoutMilliseconds: Int32) {
    rd_kafka_purge(client.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    rd_kafka_flush(client.pointer, timeoutMilliseconds)
    topics.removeAll()
  }
}
