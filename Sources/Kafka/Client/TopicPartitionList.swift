// Safety: owns one C list from `init` to `deinit`; its elements are read and written only through
// the owner, and their topic names are copied by librdkafka on the way in and by Swift on the way out.

internal import CRdkafka

/// librdkafka's list of partitions with offsets, owned.
final class TopicPartitionList {
  let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(capacity: Int = 8) {
    pointer = rd_kafka_topic_partition_list_new(Int32(capacity))
  }

  convenience init(_ partitions: some Collection<TopicPartition>) {
    self.init(capacity: partitions.count)
    for partition in partitions { add(partition) }
  }

  convenience init(offsets: [TopicPartition: Int64]) {
    self.init(capacity: offsets.count)
    for (partition, offset) in offsets { add(partition, offset: offset) }
  }

  deinit {
    rd_kafka_topic_partition_list_destroy(pointer)
  }

  func add(_ partition: TopicPartition, offset: Int64? = nil) {
    let element = rd_kafka_topic_partition_list_add(
      pointer, partition.topic, partition.partition)
    if let offset { element?.pointee.offset = offset }
  }

  /// Each partition's offset; throws the first partition's own error. Of a partition that got no answer in time
  /// librdkafka says that it is in progress.
  func offsets(operation: String) throws(KafkaError) -> [TopicPartition: Int64] {
    var result: [TopicPartition: Int64] = [:]
    for element in Self.elements(of: pointer) {
      let partition = TopicPartition(element)
      guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
        let isUnanswered = element.err == RD_KAFKA_RESP_ERR__IN_PROGRESS
        throw KafkaError(
          isUnanswered ? RD_KAFKA_RESP_ERR__TIMED_OUT : element.err,
          operation: "\(operation) \(partition)")
      }
      result[partition] = element.offset
    }
    return result
  }

  /// Throws the first partition's own error, if there is one.
  func checkElements(operation: String) throws(KafkaError) {
    _ = try offsets(operation: operation)
  }

  static func elements(
    of list: UnsafePointer<rd_kafka_topic_partition_list_t>
  ) -> UnsafeBufferPointer<rd_kafka_topic_partition_t> {
    UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
  }
}

extension TopicPartition {
  init(_ element: rd_kafka_topic_partition_t) {
    self.init(topic: String(cString: element.topic), partition: element.partition)
  }
}
