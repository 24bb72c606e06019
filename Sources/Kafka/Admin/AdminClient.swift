// Safety: calls librdkafka with a pointer that its handle keeps alive. What is asked of the brokers
// goes through `AdminCall`, which owns the C objects of one call.

internal import CRdkafka
import Logging

/// Looks at topics and groups and changes them.
///
/// Every call blocks until the brokers have answered or its time is over. Calls may come from any one
/// thread at a time.
public final class AdminClient {
  let client: ClientHandle

  /// Makes a client; it connects in the background. Needs no more than `bootstrap.servers`.
  ///
  /// - Throws: a ``KafkaError`` naming the property that is wrong.
  public init(_ configuration: ClientConfiguration, logger: Logger) throws(KafkaError) {
    // A consumer's handle, because asking a producer's about a topic creates it on many clusters.
    client = try ClientHandle(
      .consumer, configuration, context: ClientContext(logger: logger, onStatistics: nil))
  }

  // MARK: - Looking

  /// All topics' names, sorted.
  public func listTopics(timeoutMilliseconds: Int32) throws(KafkaError) -> [String] {
    try describeTopics(nil, timeoutMilliseconds: timeoutMilliseconds).map(\.name)
  }

  /// Those of `names` that exist, or all topics; sorted by name.
  public func describeTopics(
    _ names: [String]?, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [TopicDescription] {
    try client.describeTopics(names, timeoutMilliseconds: timeoutMilliseconds)
      .sorted { $0.name < $1.name }
  }

  /// Each topic's settings, defaults included; topics that do not exist are absent. Values the broker
  /// keeps secret are absent.
  public func describeConfigurations(
    topics: [String], timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [String: [String: String]] {
    try describeSettings(topics, timeoutMilliseconds: timeoutMilliseconds)
      .mapValues { entries in entries.mapValues(\.value) }
  }

  // MARK: - Changing

  /// Creates topics; says of each what became of it.
  ///
  /// Kafka's own default of replicas, where a topic asks for it (-1), is never replaced by fewer. Brokers that
  /// know no default (they describe no `default.replication.factor`) are asked for one copy.
  public func createTopics(
    _ topics: [TopicSpecification], timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [String: CreateResult] {
    let deadline = Deadline(afterMilliseconds: timeoutMilliseconds)
    var results = try create(topics, deadline)
    let refused = topics.filter { topic in
      guard topic.replicationFactor == -1, case .failed(let error) = results[topic.name] else {
        return false
      }
      return error.code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR.rawValue
    }
    guard !refused.isEmpty else { return results }
    if let wanted = defaultReplicas(deadline) {
      let brokers = client.brokers(timeoutMilliseconds: deadline.remainingMilliseconds)?.count ?? 0
      for topic in refused {
        guard case .failed(var error) = results[topic.name] else { continue }
        error.message =
          "\(wanted) replicas are wanted (default.replication.factor), and \(brokers) "
          + "broker\(brokers == 1 ? " is" : "s are") there: start the others"
        results[topic.name] = .failed(error)
      }
      return results
    }
    let single = refused.map { topic in
      var topic = topic
      topic.replicationFactor = 1
      return topic
    }
    results.merge(try create(single, deadline)) { _, second in second }
    return results
  }

  /// Copies that the brokers make of a partition when nobody says how many; nil where they do not say.
  private func defaultReplicas(_ deadline: Deadline) -> Int? {
    let timeout = max(1, min(5_000, deadline.remainingMilliseconds))
    guard let id = client.brokers(timeoutMilliseconds: timeout)?.keys.min() else { return nil }
    let settings = try? describeBroker(id, timeoutMilliseconds: timeout)
    return settings?["default.replication.factor"].flatMap { Int($0) }
  }

  /// The brokers of the cluster that are there, by number: `host:port`.
  public func brokers(timeoutMilliseconds: Int32) throws(KafkaError) -> [Int32: String] {
    try client.ask(timeoutMilliseconds) { (deadline) throws(KafkaError) in
      guard let brokers = client.brokers(timeoutMilliseconds: deadline.remainingMilliseconds)
      else { throw client.error(RD_KAFKA_RESP_ERR__TIMED_OUT, operation: "list brokers") }
      return brokers
    }
  }

  private func create(
    _ topics: [TopicSpecification], _ deadline: Deadline
  ) throws(KafkaError) -> [String: CreateResult] {
    guard !topics.isEmpty else { return [:] }
    let call = try AdminCall(client, "create topics", deadline)
    var requests: [OpaquePointer?] = []
    defer { for request in requests { rd_kafka_NewTopic_destroy(request) } }
    for topic in topics {
      var reason = [CChar](repeating: 0, count: 256)
      guard
        let request = rd_kafka_NewTopic_new(
          topic.name, topic.partitions, topic.replicationFactor, &reason, reason.count)
      else {
        throw .invalidArgument(
          "topic \(topic.name): \(text(reason))", operation: "create topics")
      }
      requests.append(request)
      for (name, value) in topic.settings {
        rd_kafka_NewTopic_set_config(request, name, value)
      }
    }
    rd_kafka_CreateTopics(
      client.pointer, &requests, requests.count, call.options, call.queue)
    let event = try call.wait()
    var count = 0
    let answers = rd_kafka_CreateTopics_result_topics(
      rd_kafka_event_CreateTopics_result(event), &count)
    return call.topicErrors(answers, count).mapValues { error in
      guard let error else { return .created }
      let existed = error.code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue
      return existed ? .alreadyExists : .failed(error)
    }
  }

  /// Deletes topics with all their records; one that does not exist is no error.
  ///
  /// - Throws: the first topic's error.
  public func deleteTopics(_ names: [String], timeoutMilliseconds: Int32) throws(KafkaError) {
    guard !names.isEmpty else { return }
    let call = try AdminCall(
      client, "delete topics", Deadline(afterMilliseconds: timeoutMilliseconds))
    var requests: [OpaquePointer?] = names.map { rd_kafka_DeleteTopic_new($0) }
    defer { for request in requests { rd_kafka_DeleteTopic_destroy(request) } }
    rd_kafka_DeleteTopics(
      client.pointer, &requests, requests.count, call.options, call.queue)
    let event = try call.wait()
    var count = 0
    let answers = rd_kafka_DeleteTopics_result_topics(
      rd_kafka_event_DeleteTopics_result(event), &count)
    for case .some(let error) in call.topicErrors(answers, count).values
    where error.code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue {
      throw error
    }
  }

  /// Deletes the records before each partition's offset (see ``LogicalOffset/end``).
  ///
  /// - Throws: the first partition's error.
  public func deleteRecords(
    before offsets: [TopicPartition: Int64], timeoutMilliseconds: Int32
  ) throws(KafkaError) {
    guard !offsets.isEmpty else { return }
    let call = try AdminCall(
      client, "delete records", Deadline(afterMilliseconds: timeoutMilliseconds))
    let list = TopicPartitionList(offsets: offsets)
    var requests: [OpaquePointer?] = [rd_kafka_DeleteRecords_new(list.pointer)]
    defer { rd_kafka_DeleteRecords_destroy(requests[0]) }
    rd_kafka_DeleteRecords(client.pointer, &requests, 1, call.options, call.queue)
    let event = try call.wait()
    guard
      let answer = rd_kafka_DeleteRecords_result_offsets(
        rd_kafka_event_DeleteRecords_result(event))
    else { return }
    for element in TopicPartitionList.elements(of: answer)
    where element.err != RD_KAFKA_RESP_ERR_NO_ERROR {
      throw client.error(
        element.err, operation: "delete records of \(TopicPartition(element))")
    }
  }

  /// Deletes consumer groups with their committed offsets; one that does not exist is no error.
  ///
  /// - Throws: the first group's error, such as one that still has members.
  public func deleteGroups(_ groups: [String], timeoutMilliseconds: Int32) throws(KafkaError) {
    guard !groups.isEmpty else { return }
    let call = try AdminCall(
      client, "delete groups", Deadline(afterMilliseconds: timeoutMilliseconds))
    var requests: [OpaquePointer?] = groups.map { rd_kafka_DeleteGroup_new($0) }
    defer { for request in requests { rd_kafka_DeleteGroup_destroy(request) } }
    rd_kafka_DeleteGroups(
      client.pointer, &requests, requests.count, call.options, call.queue)
    let event = try call.wait()
    var count = 0
    guard
      let answers = rd_kafka_DeleteGroups_result_groups(
        rd_kafka_event_DeleteGroups_result(event), &count)
    else { return }
    for index in 0..<count {
      guard let failure = rd_kafka_group_result_error(answers[index]) else { continue }
      let code = rd_kafka_error_code(failure)
      guard code != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND else { continue }
      throw client.error(
        code, operation: "delete group \(groups[min(index, groups.count - 1)])",
        message: String(cString: rd_kafka_error_string(failure)))
    }
  }
}
