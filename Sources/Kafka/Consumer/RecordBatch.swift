// Safety: owns `count` C messages in a buffer of its own and destroys each once, in `release`. It
// holds the client they came from, because a message may not outlive its client.

internal import CRdkafka

/// A reusable batch of records lent by a ``PartitionQueue``.
///
/// ```swift
/// let batch = RecordBatch(capacity: 4096)
/// while try queue.read(into: batch) > 0 {
///   for record in batch { decode(record.value) }
/// }
/// batch.release()
/// ```
///
/// The records point into the client's memory until ``release()``, the next read into the batch, or
/// the batch's end. One thread uses a batch at a time.
public final class RecordBatch: RandomAccessCollection {
  typealias Message = UnsafeMutablePointer<rd_kafka_message_t>

  /// The most records one read can bring.
  public let capacity: Int
  /// How many records it holds now.
  public private(set) var count = 0
  /// The offset at which the partition's end was reached, if the read met the end of the log and
  /// nothing followed it. Needs `enable.partition.eof=true`.
  ///
  /// With `isolation.level=read_committed` the end is the last stable offset.
  public private(set) var endOffset: Int64?

  private let messages: UnsafeMutablePointer<Message?>
  private var client: ClientHandle?

  /// An empty batch; its own memory is 8 bytes for each of `capacity` records.
  public init(capacity: Int) {
    precondition(capacity > 0, "a batch holds at least one record")
    self.capacity = capacity
    messages = .allocate(capacity: capacity)
    messages.initialize(repeating: nil, count: capacity)
  }

  deinit {
    release()
    messages.deallocate()
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  /// The record at `index`, without copying its bytes. O(1).
  public subscript(index: Int) -> Record {
    precondition(index >= 0 && index < count, "index outside the batch")
    guard let message = messages[index] else { preconditionFailure("a hole in the batch") }
    return Record(lending: message)
  }

  /// Calls `body` with one record after the other until it returns false. The fastest way to read them all.
  public func visit(_ body: (Record) -> Bool) {
    for message in UnsafeBufferPointer(start: messages, count: count) {
      guard let message, body(Record(lending: message)) else { return }
    }
  }

  /// Gives the records' memory back to the client. Pointers taken from them are invalid from now on.
  public func release() {
    for index in 0..<count {
      rd_kafka_message_destroy(messages[index])
    }
    count = 0
    endOffset = nil
    client = nil
  }

  // MARK: - Filling, by PartitionQueue

  /// Fills the empty batch by `fill`, which writes messages and says how many, then keeps the
  /// records up to the first error.
  ///
  /// - Returns: the first error's message and all messages after it, which the caller now owns.
  func receive(
    from client: ClientHandle, max: Int, fill: (UnsafeMutablePointer<Message?>, Int) -> Int
  ) -> [Message] {
    assert(count == 0, "released before it is filled")
    let received = fill(messages, Swift.min(max, capacity))
    self.client = client
    for index in 0..<received {
      guard let message = messages[index] else { continue }
      switch message.pointee.err {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        messages[count] = message
        count += 1
        endOffset = nil
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        endOffset = message.pointee.offset
        rd_kafka_message_destroy(message)
      default:
        return (index..<received).compactMap { messages[$0] }
      }
    }
    return []
  }
}
