import Kafka

extension KafkaError {
  /// Whether starting again cannot mend it: somebody must change the configuration, the rights or
  /// the topics. Everything else is tried again with back-off.
  package var requiresOperator: Bool {
    KafkaError.operatorErrors.contains(name)
  }

  /// Whether time may mend it all the same: brokers that have just started do not know every topic.
  package var mayBeTransient: Bool { KafkaError.passingErrors.contains(name) }

  private static let passingErrors: Set<String> = [
    "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_OR_PART",
  ]

  private static let operatorErrors: Set<String> = [
    "_INVALID_ARG", "_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM",
    "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "MSG_SIZE_TOO_LARGE", "_UNKNOWN_TOPIC",
    "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_OR_PART", "TOPIC_EXCEPTION", "INVALID_CONFIG",
    "POLICY_VIOLATION", "_UNSUPPORTED_FEATURE", "UNSUPPORTED_VERSION",
    "UNSUPPORTED_FOR_MESSAGE_FORMAT", "INCONSISTENT_GROUP_PROTOCOL", "_SSL",
  ]
}
