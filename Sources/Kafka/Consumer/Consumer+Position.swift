// Safety: passes lists it owns to calls that only borrow them.

internal import CRdkafka
internal import Glibc

extension Consumer {
  /// Stops reading `partitions` until ``resume(_:)``; what was fetched of them is fetched again then.
  public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
    try setPaused(true, partitions)
  }

  /// Reads on where a pause stopped.
  public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
    try setPaused(false, partitions)
  }

  private func setPaused(_ paused: Bool, _ partitions: [TopicPartition]) throws(KafkaError) {
    guard !partitions.isEmpty else { return }
    let operation = paused ? "pause" : "resume"
    try requireOpen(operation)
    let list = TopicPartitionList(partitions)
    let code =
      paused
      ? rd_kafka_pause_partitions(client.pointer, list.pointer)
      : rd_kafka_resume_partitions(client.pointer, list.pointer)
    try client.check(code, operation: operation)
    try list.checkElements(operation: operation)
    for partition in partitions { queues[partition]?.isPaused = paused }
  }

  /// Reads `partition` from `offset` on (see ``LogicalOffset``, except `committed`).
  ///
  /// The next read of its queue starts there. Right after an assignment it waits until the partition
  /// has started.
  public func seek(
    _ partition: TopicPartition, to offset: Int64, timeoutMilliseconds: Int32
  ) throws(KafkaError) {
    let operation = "seek \(partition) to \(offset)"
    try requireOpen(operation)
    guard let queue = queues[partition] else {
      throw .wrongState("the partition is not assigned", operation: operation)
    }
    let deadline = Deadline(afterMilliseconds: timeoutMilliseconds)
    let list = TopicPartitionList(offsets: [partition: offset])
    while true {
      try client.check(
        rd_kafka_seek_partitions(client.pointer, list.pointer, deadline.remainingMilliseconds),
        operation: operation)
      do throws(KafkaError) {
        try list.checkElements(operation: operation)
        queue.dropSetAside()
        return
      } catch {
        // Not started yet: its committed offset is still being looked up.
        guard error.code == RD_KAFKA_RESP_ERR__STATE.rawValue, !deadline.hasPassed else {
          throw error
        }
        usleep(2_000)
      }
    }
  }

  /// The offset each partition's next read starts from; absent for one not read from yet.
  ///
  /// It passes over what readers never see (transaction markers, aborted records), so at the end of a
  /// partition it equals the end.
  public func position(
    _ partitions: [TopicPartition]
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    guard !partitions.isEmpty else { return [:] }
    let list = TopicPartitionList(partitions)
    try client.check(rd_kafka_position(client.pointer, list.pointer), operation: "position")
    return try list.offsets(operation: "position of").filter { $0.value >= 0 }
  }

  /// What the group has committed for each partition; `nil` where it has nothing.
  public func committed(
    _ partitions: [TopicPartition], timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [TopicPartition: Int64?] {
    guard !partitions.isEmpty else { return [:] }
    return try client.ask(timeoutMilliseconds) { (deadline) throws(KafkaError) in
      let list = TopicPartitionList(partitions)
      try client.check(askForCommitted(list, deadline), operation: "read committed offsets")
      return try list.offsets(operation: "committed offset of").mapValues { $0 >= 0 ? $0 : nil }
    }
  }

  /// In short waits: that the group may not be used is told apart from the answer.
  private func askForCommitted(
    _ list: TopicPartitionList, _ deadline: Deadline
  ) throws(KafkaError) -> rd_kafka_resp_err_t {
    while true {
      let wait = min(2_000, deadline.remainingMilliseconds)
      let code = rd_kafka_committed(client.pointer, list.pointer, wait)
      let isNoAnswer =
        code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__WAIT_COORD
      guard isNoAnswer, !deadline.hasPassed else { return code }
      // A member's events are for its own poll, which may be waiting for this answer.
      if onRebalance == nil { try poll() }
    }
  }

  /// Commits the next offset to read of each partition for the group, outside any transaction, and
  /// waits for the answer as long as `socket.timeout.ms`.
  public func commit(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
    guard !offsets.isEmpty else { return }
    try requireOpen("commit offsets")
    let list = TopicPartitionList(offsets: offsets)
    try client.check(
      rd_kafka_commit(client.pointer, list.pointer, 0), operation: "commit offsets")
  }
}
