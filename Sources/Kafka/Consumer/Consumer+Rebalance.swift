// Safety: runs inside librdkafka's rebalance callback, on the polling thread. The list belongs to
// librdkafka, and only its offsets are changed, during the callback; nothing throws across C.

internal import CRdkafka

extension Consumer {
  /// Carries a rebalance out, in the order that loses and repeats nothing: queues are split before
  /// the assignment, and the application hears of a revocation before it happens.
  func rebalance(
    _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
  ) {
    let partitions =
      list.map { TopicPartitionList.elements(of: $0).map { TopicPartition($0) } } ?? []
    switch code {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
      openQueues(partitions)
      if startsPaused, let list { pauseBeforeStart(list, partitions) }
      guard carryOut("assign \(partitions.count) partitions", { assignFromGroup(list) }) else {
        closeQueues(partitions)
        break
      }
      onRebalance?(.assigned(partitions))
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
      let isLost = rd_kafka_assignment_lost(client.pointer) != 0
      onRebalance?(isLost ? .lost(partitions) : .revoked(partitions))
      closeQueues(isCooperative ? partitions : Array(queues.keys))
      carryOut("give up \(partitions.count) partitions") { unassignFromGroup(list) }
    default:
      client.context.keep(client.error(code, operation: "rebalance"))
      closeQueues()
      rd_kafka_assign(client.pointer, nil)
    }
    // Lets a poll with a long timeout return now. Closing polls until it is done.
    if !isClosing { rd_kafka_yield(client.pointer) }
  }

  /// Has partitions start at offset 0 without fetching there.
  ///
  /// An absolute offset, because librdkafka 2.0 looks logical ones up, and looks them up again when a pause or a
  /// seek has come meanwhile: half a second after the seek, it reads from the beginning.
  private func pauseBeforeStart(
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>, _ partitions: [TopicPartition]
  ) {
    for index in 0..<Int(list.pointee.cnt) { list.pointee.elems[index].offset = 0 }
    // Partitions that it has not heard of yet cannot be paused before they are assigned.
    let paused = TopicPartitionList(partitions)
    withExtendedLifetime(paused) { _ = rd_kafka_pause_partitions(client.pointer, paused.pointer) }
  }

  private var isCooperative: Bool {
    guard let name = rd_kafka_rebalance_protocol(client.pointer) else { return false }
    return String(cString: name) == "COOPERATIVE"
  }

  private func assignFromGroup(
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
  ) -> KafkaError? {
    let operation = "assign partitions"
    if isCooperative {
      return rd_kafka_incremental_assign(client.pointer, list).map {
        KafkaError(taking: $0, operation: operation)
      }
    }
    let code = rd_kafka_assign(client.pointer, list)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : client.error(code, operation: operation)
  }

  private func unassignFromGroup(
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
  ) -> KafkaError? {
    let operation = "give up partitions"
    if isCooperative {
      return rd_kafka_incremental_unassign(client.pointer, list).map {
        KafkaError(taking: $0, operation: operation)
      }
    }
    let code = rd_kafka_assign(client.pointer, nil)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : client.error(code, operation: operation)
  }

  /// Runs `step`; keeps its error for the poll that is under way to throw.
  @discardableResult
  private func carryOut(_ operation: String, _ step: () -> KafkaError?) -> Bool {
    guard var error = step() else { return true }
    error.operation = operation
    client.context.keep(client.explained(error))
    return false
  }

  /// Gives every partition that has none a queue of its own.
  func openQueues(_ partitions: [TopicPartition]) {
    for partition in partitions where queues[partition] == nil {
      queues[partition] = PartitionQueue(partition, client: client, wake: wakeDescriptor)
    }
  }

  func closeQueues(_ partitions: [TopicPartition]) {
    for partition in partitions {
      queues.removeValue(forKey: partition)?.close()
    }
  }

  func closeQueues() {
    closeQueues(Array(queues.keys))
  }
}
