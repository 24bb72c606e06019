// Safety: the metadata object is read and destroyed in the function that asked for it, and a topic
// handle made for the question is destroyed with it.

internal import CRdkafka

extension ClientHandle {
  /// The topics among `names` that exist, or all topics. Never creates one on a consumer's handle,
  /// where `allow.auto.create.topics` is off.
  func describeTopics(
    _ names: [String]?, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [TopicDescription] {
    let deadline = Deadline(afterMilliseconds: timeoutMilliseconds)
    guard let names else {
      return try metadata(of: nil, deadline)
    }
    // librdkafka asks for one topic or for all.
    guard names.count <= 16 else {
      let wanted = Set(names)
      return try metadata(of: nil, deadline).filter { wanted.contains($0.name) }
    }
    var found: [TopicDescription] = []
    for name in names {
      guard let topic = rd_kafka_topic_new(pointer, name, nil) else {
        throw error(rd_kafka_last_error(), operation: "describe topic \(name)")
      }
      defer { rd_kafka_topic_destroy(topic) }
      found += try metadata(of: topic, deadline)
    }
    return found
  }

  private func metadata(
    of topic: OpaquePointer?, _ deadline: Deadline
  ) throws(KafkaError) -> [TopicDescription] {
    var answer: UnsafePointer<rd_kafka_metadata>?
    try check(
      rd_kafka_metadata(
        pointer, topic == nil ? 1 : 0, topic, &answer, deadline.remainingMilliseconds),
      operation: "describe topics")
    guard let answer else { return [] }
    defer { rd_kafka_metadata_destroy(answer) }

    var found: [TopicDescription] = []
    for description in UnsafeBufferPointer(
      start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt))
    {
      let name = String(cString: description.topic)
      switch description.err {
      case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
        if description.partition_cnt > 0 {
          found.append(TopicDescription(name: name, partitions: Int(description.partition_cnt)))
        }
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        break
      default:
        throw error(description.err, operation: "describe topic \(name)")
      }
    }
    return found
  }
}
