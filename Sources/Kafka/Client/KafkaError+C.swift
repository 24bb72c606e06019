// Safety: reads librdkafka's static strings and error objects. An error object is destroyed exactly
// once, by the function that takes it; nothing here outlives its call.

internal import CRdkafka

extension KafkaError {
  /// An error of which only the code is known.
  init(
    _ code: rd_kafka_resp_err_t, operation: String, message: String? = nil,
    isFatal: Bool = false, requiresAbort: Bool = false
  ) {
    self.init(
      code: code.rawValue,
      name: String(cString: rd_kafka_err2name(code)),
      message: message ?? String(cString: rd_kafka_err2str(code)),
      operation: operation,
      isFatal: isFatal,
      isRetriable: !isFatal && Self.transient.contains(code.rawValue),
      requiresAbort: requiresAbort)
  }

  /// Reads and destroys `error`.
  init(taking error: OpaquePointer, operation: String) {
    defer { rd_kafka_error_destroy(error) }
    let code = rd_kafka_error_code(error)
    self.init(
      code: code.rawValue,
      name: String(cString: rd_kafka_err2name(code)),
      message: String(cString: rd_kafka_error_string(error)),
      operation: operation,
      isFatal: rd_kafka_error_is_fatal(error) != 0,
      isRetriable: rd_kafka_error_is_retriable(error) != 0,
      requiresAbort: rd_kafka_error_txn_requires_abort(error) != 0)
  }

  static func invalidArgument(_ message: String, operation: String) -> KafkaError {
    KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, operation: operation, message: message)
  }

  static func wrongState(_ message: String, operation: String) -> KafkaError {
    KafkaError(RD_KAFKA_RESP_ERR__STATE, operation: operation, message: message)
  }

  static func timedOut(_ message: String, operation: String) -> KafkaError {
    KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, operation: operation, message: message)
  }

  /// Whether a missing connection explains the error, so that its cause is worth adding.
  var isConnectionTrouble: Bool { Self.connectionCodes.contains(code) }

  /// Whether it passes by itself: a leader or coordinator that is not known yet or is changing, a broker that
  /// is away, an answer that did not come in time. The same question may be asked again after a pause
  /// (``Retry``).
  public var isTransient: Bool {
    !isFatal && !requiresAbort && Self.transient.contains(code)
  }

  /// Whether a topic or partition is not known: it does not exist, or has just been made.
  public var isUnknownTopic: Bool { Self.unknownTopics.contains(code) }

  private static let unknownTopics: Set<Int32> = Set(
    [
      RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
    ].map(\.rawValue))

  private static let connectionCodes: Set<Int32> = Set(
    [
      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
      RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__WAIT_COORD,
    ].map(\.rawValue))

  /// Codes that pass by themselves, for calls that return a code and not an error object.
  private static let transient: Set<Int32> = Set(
    [
      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
      RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__WAIT_COORD,
      RD_KAFKA_RESP_ERR__WAIT_CACHE, RD_KAFKA_RESP_ERR__QUEUE_FULL,
      RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
      RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
      RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
      RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,
      RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
    ].map(\.rawValue))
}
