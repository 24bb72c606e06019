// Safety: passes lists it owns to calls that only borrow them; metadata is read and destroyed in the
// function that asked for it.

internal import CRdkafka

extension Consumer {
  /// Where the log of an assigned partition ended by the last fetch; nil before the first. Asks no
  /// broker.
  public func knownEndOffset(of partition: TopicPartition) -> Int64? {
    var low: Int64 = -1
    var high: Int64 = -1
    let code = rd_kafka_get_watermark_offsets(
      client.pointer, partition.topic, partition.partition, &low, &high)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
  }

  /// The oldest offset still in the log and the end of the log, asked from the broker.
  ///
  /// With `isolation.level=read_committed` the end is the last stable offset.
  public func watermarkOffsets(
    _ partition: TopicPartition, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    try client.ask(timeoutMilliseconds) { (deadline) throws(KafkaError) in
      var low: Int64 = 0
      var high: Int64 = 0
      let code = rd_kafka_query_watermark_offsets(
        client.pointer, partition.topic, partition.partition, &low, &high,
        deadline.remainingMilliseconds)
      if code != RD_KAFKA_RESP_ERR_NO_ERROR {
        client.lookForLeaders(of: [partition.topic], deadline)
      }
      try client.check(code, operation: "ask for the offsets of \(partition)")
      return (low, high)
    }
  }

  /// For each partition, the offset of the first record whose timestamp is at least the given one
  /// (milliseconds since 1970 UTC), or the partition's end when there is none.
  public func offsets(
    forTimes times: [TopicPartition: Int64], timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    let deadline = Deadline(afterMilliseconds: timeoutMilliseconds)
    var found = try lookUp(times, deadline, operation: "look up offsets by time")
    let later = found.filter { $0.value < 0 }.map(\.key)
    if !later.isEmpty {
      let ends = try endOffsets(later, timeoutMilliseconds: deadline.remainingMilliseconds)
      found.merge(ends) { _, end in end }
    }
    return found
  }

  /// The end of each partition, in one request per broker.
  ///
  /// With `isolation.level=read_committed` it is the last stable offset.
  public func endOffsets(
    _ partitions: [TopicPartition], timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    // In Kafka's protocol "latest" is a time of -1.
    let times = Dictionary(partitions.map { ($0, LogicalOffset.end) }) { first, _ in first }
    return try lookUp(
      times, Deadline(afterMilliseconds: timeoutMilliseconds), operation: "look up end offsets")
  }

  private func lookUp(
    _ times: [TopicPartition: Int64], _ deadline: Deadline, operation: String
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    guard !times.isEmpty else { return [:] }
    return try client.ask(deadline.remainingMilliseconds) { (deadline) throws(KafkaError) in
      let list = TopicPartitionList(offsets: times)
      let code = rd_kafka_offsets_for_times(
        client.pointer, list.pointer, deadline.remainingMilliseconds)
      // Nobody wants to know why there is no answer to a question that is not waited for.
      if code != RD_KAFKA_RESP_ERR_NO_ERROR, deadline.isImmediate {
        throw KafkaError(code, operation: operation)
      }
      let failed = TopicPartitionList.elements(of: list.pointer).filter {
        $0.err != RD_KAFKA_RESP_ERR_NO_ERROR
      }
      if !failed.isEmpty {
        client.lookForLeaders(of: Set(failed.map { TopicPartition($0).topic }), deadline)
        // librdkafka calls a partition unknown when it has no leader.
        _ = try list.offsets(operation: "\(operation) of")
      }
      try client.check(code, operation: operation)
      return try list.offsets(operation: "\(operation) of")
    }
  }

  /// How many partitions `topic` has; `nil` when there is no such topic. Creates none.
  public func partitionCount(
    of topic: String, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> Int? {
    try client.describeTopics([topic], timeoutMilliseconds: timeoutMilliseconds)
      .first.map(\.partitions)
  }
}
