import Kafka

/// Writes in transactions. One thread uses it.
public protocol LogProducer: AnyObject {
  func begin() throws
  /// - Parameter partition: nil for the one that the key hashes to.
  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws
  /// Makes the consumer's progress part of the transaction. Offsets are of the next record to read.
  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws
  func commit() throws
  func abort() throws
  func close()
}
