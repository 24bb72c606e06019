// Safety: the metadata object is read and destroyed in the function that asked for it, and a topic
// handle made for the question is destroyed with it.

internal import CRdkafka

extension ClientHandle {
  /// The topics among `names` that exist, or all topics. Never creates one on a consumer's handle,
  /// where `allow.auto.create.topics` is off.
  func describeTopics(
    _ names: [String]?, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [TopicDescription] {
    try ask(timeoutMilliseconds) { (deadline) throws(KafkaError) in
      try describeTopics(names, deadline)
    }
  }

  private func describeTopics(
    _ names: [String]?, _ deadline: Deadline
  ) throws(KafkaError) -> [TopicDescription] {
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

  /// Asks in short waits: a login or a certificate that was refused is refused again.
  fileprivate func askForMetadata(
    ofAll: Bool, _ topic: OpaquePointer?, _ deadline: Deadline,
    _ answer: inout UnsafePointer<rd_kafka_metadata>?
  ) -> rd_kafka_resp_err_t {
    while true {
      let wait = min(2_000, deadline.remainingMilliseconds)
      let code = rd_kafka_metadata(pointer, ofAll ? 1 : 0, topic, &answer, wait)
      let isNoBroker =
        code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT
      if !isNoBroker || deadline.hasPassed || context.isRefused { return code }
    }
  }

  private func metadata(
    of topic: OpaquePointer?, _ deadline: Deadline
  ) throws(KafkaError) -> [TopicDescription] {
    var answer: UnsafePointer<rd_kafka_metadata>?
    try check(
      askForMetadata(ofAll: topic == nil, topic, deadline, &answer), operation: "describe topics")
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
          found.append(TopicDescription(name, description))
        }
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        break
      default:
        var error = error(description.err, operation: "describe topic \(name)")
        error.subject = name
        throw error
      }
    }
    return found
  }
}

extension TopicDescription {
  fileprivate init(_ name: String, _ topic: rd_kafka_metadata_topic) {
    let partitions = UnsafeBufferPointer(
      start: topic.partitions, count: Int(topic.partition_cnt))
    self.init(
      name: name, partitions: partitions.count,
      replicas: partitions.map { Int($0.replica_cnt) }.min() ?? 0,
      leaderless: partitions.filter { $0.leader < 0 }.map(\.id).sorted())
  }
}

extension ClientHandle {
  /// The brokers that one of them lists, by number: `host:port`; nil when none answers in time.
  func brokers(timeoutMilliseconds: Int32) -> [Int32: String]? {
    var answer: UnsafePointer<rd_kafka_metadata>?
    let deadline = Deadline(afterMilliseconds: timeoutMilliseconds)
    guard
      askForMetadata(ofAll: false, nil, deadline, &answer) == RD_KAFKA_RESP_ERR_NO_ERROR, let answer
    else { return nil }
    defer { rd_kafka_metadata_destroy(answer) }
    var found: [Int32: String] = [:]
    for broker in UnsafeBufferPointer(
      start: answer.pointee.brokers, count: Int(answer.pointee.broker_cnt))
    {
      found[broker.id] = "\(String(cString: broker.host)):\(broker.port)"
    }
    return found
  }
}

extension ClientHandle {
  /// Has the brokers say who leads the topics' partitions: a leader that librdkafka does not know it looks for by
  /// itself every five minutes. Whether they answer shows with the next question.
  func lookForLeaders(of topics: Set<String>, _ deadline: Deadline) {
    guard !deadline.isImmediate else { return }
    let timeout = min(2_000, deadline.remainingMilliseconds)
    for name in topics {
      _ = try? describeTopics([name], Deadline(afterMilliseconds: timeout))
    }
  }
}
