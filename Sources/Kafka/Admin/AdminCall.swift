// Safety: owns the queue, the options and the answer of one admin call and destroys each once, in
// `deinit`; what is read from the answer is copied before that.

internal import CRdkafka

/// One question to the brokers and its answer.
final class AdminCall {
  let queue: OpaquePointer
  let options: OpaquePointer
  private let client: ClientHandle
  private let operation: String
  private let deadline: Deadline
  private var event: OpaquePointer?

  init(
    _ client: ClientHandle, _ operation: String, _ deadline: Deadline
  ) throws(KafkaError) {
    guard let queue = rd_kafka_queue_new(client.pointer),
      let options = rd_kafka_AdminOptions_new(client.pointer, RD_KAFKA_ADMIN_OP_ANY)
    else { outOfMemory() }
    self.queue = queue
    self.options = options
    self.client = client
    self.operation = operation
    self.deadline = deadline
    let timeout = max(1, deadline.remainingMilliseconds)
    var reason = [CChar](repeating: 0, count: 256)
    try client.check(
      rd_kafka_AdminOptions_set_request_timeout(options, timeout, &reason, reason.count),
      operation: operation)
    // Not every call has one; those that have wait that long for the change to be complete.
    _ = rd_kafka_AdminOptions_set_operation_timeout(options, timeout, &reason, reason.count)
  }

  deinit {
    if let event { rd_kafka_event_destroy(event) }
    rd_kafka_AdminOptions_destroy(options)
    rd_kafka_queue_destroy(queue)
  }

  /// The answer, valid as long as this call.
  func wait() throws(KafkaError) -> OpaquePointer {
    // librdkafka ends the request itself at the deadline; a little more lets it say why.
    let pollTimeout = deadline.remainingMilliseconds + 500
    guard let event = rd_kafka_queue_poll(queue, pollTimeout) else {
      throw client.error(RD_KAFKA_RESP_ERR__TIMED_OUT, operation: operation)
    }
    self.event = event
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw client.error(
        code, operation: operation,
        message: rd_kafka_event_error_string(event).map { String(cString: $0) })
    }
    return event
  }

  /// The error of each topic in an answer, `nil` for none.
  func topicErrors(
    _ answers: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int
  ) -> [String: KafkaError?] {
    var errors: [String: KafkaError?] = [:]
    for index in 0..<count {
      guard let answer = answers?[index] else { continue }
      let name = String(cString: rd_kafka_topic_result_name(answer))
      let code = rd_kafka_topic_result_error(answer)
      if code == RD_KAFKA_RESP_ERR_NO_ERROR {
        errors.updateValue(nil, forKey: name)
      } else {
        let reason = rd_kafka_topic_result_error_string(answer).map { String(cString: $0) }
        errors[name] = client.error(code, operation: "\(operation) (\(name))", message: reason)
      }
    }
    return errors
  }
}
