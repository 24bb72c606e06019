// Safety: owns one `rd_kafka_queue_t` reference until `close`, and the messages it has set aside
// behind an error. The wake descriptor that librdkafka writes to is kept by the client handle, which
// this queue holds.

internal import CRdkafka

/// The records of one assigned partition.
///
/// Get it from ``Consumer/queue(for:)``; use it on the consumer's thread. After the partition is
/// revoked it stays valid and is empty for ever.
public final class PartitionQueue {
  /// The partition it reads.
  public let topicPartition: TopicPartition

  private let client: ClientHandle
  private var queue: OpaquePointer?
  /// What followed an error in its batch, the error first: handed out by later reads, in order.
  private var setAside: [RecordBatch.Message] = []

  /// While paused nothing is read and nothing ends a wait.
  public internal(set) var isPaused = false

  /// Splits the partition from the group's queue. To be done before the partition is assigned, so
  /// that no record can reach the group's queue: forwarding to nothing marks the partition's queue as
  /// the application's, and an assignment then leaves it alone.
  init?(_ topicPartition: TopicPartition, client: ClientHandle, wake: WakeDescriptor) {
    guard
      let queue = rd_kafka_queue_get_partition(
        client.pointer, topicPartition.topic, topicPartition.partition)
    else { return nil }
    self.topicPartition = topicPartition
    self.client = client
    self.queue = queue
    rd_kafka_queue_forward(queue, nil)
    enableEvents(of: queue, wake)
  }

  deinit { close() }

  /// Fills `batch` with the next records, releasing what it held before.
  ///
  /// With a timeout of 0 it takes what is there. With a longer one it waits until the batch is full
  /// or the time is over, so prefer ``Consumer/wait(timeoutMilliseconds:)`` and 0.
  ///
  /// - Parameters:
  ///   - max: at most so many records; the batch's capacity by default.
  ///   - timeoutMilliseconds: how long to wait for a full batch.
  /// - Returns: how many records the batch holds now; 0 when there is nothing, when the partition is
  ///   paused or no longer assigned, or when only the end was met (see ``RecordBatch/endOffset``).
  /// - Throws: the partition's own errors (offset out of range, not authorised, corrupt record). The
  ///   records before an error come first, by the read before; those after it by the next read.
  public func read(
    into batch: RecordBatch, max: Int? = nil, timeoutMilliseconds: Int32 = 0
  ) throws(KafkaError) -> Int {
    batch.release()
    guard let queue, !isPaused else { return 0 }

    if let first = setAside.first, first.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR,
      first.pointee.err != RD_KAFKA_RESP_ERR__PARTITION_EOF
    {
      setAside.removeFirst()
      throw takeError(first)
    }
    // Saves an empty queue the system call of a wait that is already over.
    if timeoutMilliseconds == 0, setAside.isEmpty, rd_kafka_queue_length(queue) == 0 { return 0 }

    let rest = batch.receive(from: client, max: max ?? batch.capacity) { messages, limit in
      if !setAside.isEmpty { return takeSetAside(into: messages, limit: limit) }
      return Swift.max(
        0, rd_kafka_consume_batch_queue(queue, timeoutMilliseconds, messages, limit))
    }
    if let first = rest.first {
      if batch.isEmpty, batch.endOffset == nil {
        setAside.insert(contentsOf: rest.dropFirst(), at: 0)
        throw takeError(first)
      }
      setAside.insert(contentsOf: rest, at: 0)
    }
    return batch.count
  }

  private func takeSetAside(
    into messages: UnsafeMutablePointer<RecordBatch.Message?>, limit: Int
  ) -> Int {
    let taken = min(limit, setAside.count)
    for index in 0..<taken { messages[index] = setAside[index] }
    setAside.removeFirst(taken)
    return taken
  }

  private func takeError(_ message: RecordBatch.Message) -> KafkaError {
    defer { rd_kafka_message_destroy(message) }
    let reason = rd_kafka_message_errstr(message).map { String(cString: $0) }
    return client.error(
      message.pointee.err, operation: "read \(topicPartition)", message: reason)
  }

  /// How many records librdkafka has fetched ahead of the reader. O(1).
  public var backlog: Int {
    queue.map { setAside.count + Int(rd_kafka_queue_length($0)) } ?? 0
  }

  // MARK: - For the consumer

  /// Whether a read would bring something now.
  var hasWork: Bool {
    guard let queue, !isPaused else { return false }
    return !setAside.isEmpty || rd_kafka_queue_length(queue) > 0
  }

  /// Forgets what was set aside: it is no longer what comes next.
  func dropSetAside() {
    for message in setAside { rd_kafka_message_destroy(message) }
    setAside.removeAll()
  }

  /// Ends reading; idempotent.
  func close() {
    dropSetAside()
    guard let queue else { return }
    rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
    rd_kafka_queue_destroy(queue)
    self.queue = nil
  }
}

/// Makes librdkafka write to `wake` whenever `queue` stops being empty.
func enableEvents(of queue: OpaquePointer, _ wake: WakeDescriptor) {
  var event: UInt64 = 1
  rd_kafka_queue_io_event_enable(
    queue, wake.fileDescriptor, &event, WakeDescriptor.eventSize)
}
