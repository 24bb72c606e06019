// Safety: group names are copied by librdkafka before the call returns; what is read from the answer is
// copied before the call that owns it is gone.

internal import CRdkafka

extension AdminClient {
  /// Each group with its members; a group that nobody knows is `Dead` or `Empty` and has none.
  ///
  /// - Throws: the first group's error.
  public func describeGroups(
    _ groups: [String], timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [String: GroupDescription] {
    guard !groups.isEmpty else { return [:] }
    var found: [String: GroupDescription] = [:]
    // One group a call: an answer names groups only as far as it understands them.
    for group in groups {
      found[group] = try client.ask(timeoutMilliseconds) { (deadline) throws(KafkaError) in
        try describeGroup(group, deadline)
      }
    }
    return found
  }

  private func describeGroup(
    _ group: String, _ deadline: Deadline
  ) throws(KafkaError) -> GroupDescription {
    let operation = "describe group \(group)"
    let call = try AdminCall(client, operation, deadline)
    group.withCString { name in
      var names: [UnsafePointer<CChar>?] = [name]
      rd_kafka_DescribeConsumerGroups(client.pointer, &names, 1, call.options, call.queue)
    }
    let event = try call.wait()
    var count = 0
    guard
      let answers = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event), &count), count > 0,
      let answer = answers[0]
    else { return GroupDescription(state: "Unknown", members: []) }
    if let failure = rd_kafka_ConsumerGroupDescription_error(answer),
      rd_kafka_error_code(failure) != RD_KAFKA_RESP_ERR_NO_ERROR
    {
      throw client.error(
        rd_kafka_error_code(failure), operation: operation,
        message: String(cString: rd_kafka_error_string(failure)))
    }
    let state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(answer))
    return GroupDescription(
      state: state.map { String(cString: $0) } ?? "Unknown",
      members: (0..<rd_kafka_ConsumerGroupDescription_member_count(answer)).compactMap { index in
        rd_kafka_ConsumerGroupDescription_member(answer, index).map(GroupMember.init)
      })
  }
}

extension GroupMember {
  fileprivate init(_ member: OpaquePointer) {
    let instance = rd_kafka_MemberDescription_group_instance_id(member)
      .map { String(cString: $0) }
    let list = rd_kafka_MemberDescription_assignment(member)
      .flatMap { rd_kafka_MemberAssignment_partitions($0) }
    self.init(
      id: rd_kafka_MemberDescription_consumer_id(member).map { String(cString: $0) } ?? "",
      instanceID: instance.flatMap { $0.isEmpty ? nil : $0 },
      clientID: rd_kafka_MemberDescription_client_id(member).map { String(cString: $0) } ?? "",
      host: rd_kafka_MemberDescription_host(member).map { String(cString: $0) } ?? "",
      partitions: list.map { TopicPartitionList.elements(of: $0).map(TopicPartition.init) } ?? [])
  }
}
