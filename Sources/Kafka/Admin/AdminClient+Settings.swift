// Safety: the C objects of a call are owned by `AdminCall` and by `defer` in the function that made
// them; answers are read before their event is destroyed.

internal import CRdkafka

extension AdminClient {
  /// Changes some settings of a topic and leaves its others.
  ///
  /// The oldest brokers know only "replace all settings", so this reads the topic's own settings and
  /// writes them all; two callers at once can undo each other.
  public func setTopicConfiguration(
    _ topic: String, _ settings: [String: String], timeoutMilliseconds: Int32
  ) throws(KafkaError) {
    let operation = "configure topic \(topic)"
    let deadline = Deadline(afterMilliseconds: timeoutMilliseconds)
    let known = try describeSettings(
      [topic], timeoutMilliseconds: deadline.remainingMilliseconds)[topic]
    guard let known else {
      throw client.error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, operation: operation)
    }
    let call = try AdminCall(client, operation, deadline)
    var requests = [rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)]
    defer { rd_kafka_ConfigResource_destroy(requests[0]) }
    let own = known.filter { $0.value.isOwn }.mapValues(\.value)
    for (name, value) in own.merging(settings, uniquingKeysWith: { _, new in new }) {
      rd_kafka_ConfigResource_set_config(requests[0], name, value)
    }
    rd_kafka_AlterConfigs(client.pointer, &requests, 1, call.options, call.queue)
    let event = try call.wait()
    var count = 0
    guard
      let answers = rd_kafka_AlterConfigs_result_resources(
        rd_kafka_event_AlterConfigs_result(event), &count)
    else { return }
    for index in 0..<count {
      try check(answers[index], operation)
    }
  }

  /// Each topic's settings, defaults included, and whether they are the topic's own; topics that do not exist
  /// are absent.
  public func describeSettings(
    _ topics: [String], timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [String: [String: TopicSetting]] {
    guard !topics.isEmpty else { return [:] }
    return try client.ask(timeoutMilliseconds) { (deadline) throws(KafkaError) in
      try describe(RD_KAFKA_RESOURCE_TOPIC, topics, "describe topic settings", deadline)
    }
  }

  /// A broker's settings, defaults included.
  public func describeBroker(
    _ id: Int32, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [String: String] {
    try client.ask(timeoutMilliseconds) { (deadline) throws(KafkaError) in
      try describe(RD_KAFKA_RESOURCE_BROKER, ["\(id)"], "describe broker \(id)", deadline)
        .values.first?.mapValues(\.value) ?? [:]
    }
  }

  private func describe(
    _ kind: rd_kafka_ResourceType_t, _ names: [String], _ operation: String, _ deadline: Deadline
  ) throws(KafkaError) -> [String: [String: TopicSetting]] {
    let call = try AdminCall(client, operation, deadline)
    var requests = names.map { rd_kafka_ConfigResource_new(kind, $0) }
    defer { for request in requests { rd_kafka_ConfigResource_destroy(request) } }
    rd_kafka_DescribeConfigs(
      client.pointer, &requests, requests.count, call.options, call.queue)
    let event = try call.wait()
    var count = 0
    guard
      let answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count)
    else { return [:] }

    var found: [String: [String: TopicSetting]] = [:]
    for index in 0..<count {
      guard let resource = answers[index] else { continue }
      guard rd_kafka_ConfigResource_error(resource) != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
      else { continue }
      try check(resource, operation)
      found[String(cString: rd_kafka_ConfigResource_name(resource))] = settings(of: resource)
    }
    return found
  }

  private func settings(of resource: OpaquePointer) -> [String: TopicSetting] {
    var count = 0
    guard let entries = rd_kafka_ConfigResource_configs(resource, &count) else { return [:] }
    var found: [String: TopicSetting] = [:]
    for index in 0..<count {
      guard let entry = entries[index], let value = rd_kafka_ConfigEntry_value(entry) else {
        continue
      }
      found[String(cString: rd_kafka_ConfigEntry_name(entry))] = TopicSetting(
        value: String(cString: value),
        isOwn: rd_kafka_ConfigEntry_source(entry)
          == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
    }
    return found
  }

  private func check(_ resource: OpaquePointer?, _ operation: String) throws(KafkaError) {
    let code = rd_kafka_ConfigResource_error(resource)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
    throw client.error(
      code, operation: operation,
      message: rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) })
  }
}
