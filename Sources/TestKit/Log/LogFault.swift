import Kafka

/// The errors that a cluster in memory answers with, as librdkafka would report them.
public enum LogFault {
  /// An error with this recovery, as any call may fail with.
  public static func error(_ recovery: KafkaError.Recovery, at call: LogCall) -> KafkaError {
    let operation = call.rawValue
    switch recovery {
    case .retry:
      return KafkaError(
        code: 14, name: "COORDINATOR_LOAD_IN_PROGRESS", message: "injected", operation: operation,
        isRetriable: true)
    case .abortTransaction:
      return KafkaError(
        code: 59, name: "UNKNOWN_PRODUCER_ID", message: "injected", operation: operation,
        requiresAbort: true)
    case .rebuildClient:
      return KafkaError(
        code: -150, name: "_FATAL", message: "injected", operation: operation, isFatal: true)
    case .renewProducer:
      return KafkaError(
        code: -185, name: "_TIMED_OUT", message: "injected", operation: operation,
        isRetriable: true)
    case .unspecified:
      return KafkaError(
        code: -195, name: "_TRANSPORT", message: "injected", operation: operation)
    }
  }

  /// The next offset is no longer in the log.
  static func offsetGone(_ name: TopicPartition, _ offset: Int) -> KafkaError {
    KafkaError(
      code: -140, name: "_AUTO_OFFSET_RESET", message: "offset \(offset) is out of range",
      operation: "read \(name)")
  }

  /// A newer producer has the transactional id, or the coordinator has ended the transaction.
  static func fenced(at call: LogCall) -> KafkaError {
    KafkaError(
      code: -144, name: "_FENCED", message: "fenced by a newer producer",
      operation: call.rawValue, isFatal: true)
  }

  /// The group has gone on without this member, or has another one of its name.
  static func notAMember(at call: LogCall) -> KafkaError {
    KafkaError(
      code: 25, name: "UNKNOWN_MEMBER_ID", message: "not a member of this generation",
      operation: call.rawValue, requiresAbort: true)
  }

  /// The producer may not do this now.
  static func state(at call: LogCall) -> KafkaError {
    KafkaError(
      code: -172, name: "_STATE", message: "not possible in this state", operation: call.rawValue)
  }
}
