/// What went wrong, in one clear line, and what may be done about it.
public struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The raw error code: librdkafka's own below 0, the broker's above.
  public var code: Int32
  /// The code's name, such as `_TIMED_OUT` or `UNKNOWN_TOPIC_OR_PART`.
  public var name: String
  /// Why, in words; for an unreachable broker also which address was tried and with what result.
  public var message: String
  /// What was being done: `commit transaction`.
  public var operation: String
  /// The client is of no more use; make a new one.
  public var isFatal: Bool
  /// The same call may be made again.
  public var isRetriable: Bool
  /// The open transaction can only be aborted.
  public var requiresAbort: Bool
  /// The topic that it is about, where it is about one.
  public var subject: String?
  /// No broker at all could be reached.
  public var reachesNoBroker = false

  public init(
    code: Int32, name: String, message: String, operation: String,
    isFatal: Bool = false, isRetriable: Bool = false, requiresAbort: Bool = false
  ) {
    self.code = code
    self.name = name
    self.message = message
    self.operation = operation
    self.isFatal = isFatal
    self.isRetriable = isRetriable
    self.requiresAbort = requiresAbort
  }

  /// What a caller can do about an error.
  public enum Recovery: Sendable, Hashable {
    /// Make the same call again.
    case retry
    /// Abort the transaction, go back to the committed offsets, begin again.
    case abortTransaction
    /// Throw the client away and make a new one. A fenced producer ends here.
    case rebuildClient
    /// No answer in time, so whether it happened is unknown. After a transaction's call: abandon the
    /// producer and make a new one with the same `transactional.id`, which fences the old.
    case renewProducer
    /// None of these: configuration, authorisation, a missing topic, a record too large.
    case unspecified
  }

  /// What a caller can do about this error.
  ///
  /// Fatal comes before all else. A timeout comes before "abort" and before "retry", although
  /// librdkafka offers both for some timeouts: it does not speak KIP-890, and a late request of the
  /// timed-out call could otherwise land in the next transaction.
  public var recovery: Recovery {
    if isFatal { return .rebuildClient }
    if Self.timeouts.contains(name) { return .renewProducer }
    if requiresAbort { return .abortTransaction }
    if isRetriable { return .retry }
    return .unspecified
  }

  public var description: String { "\(operation): \(message) (\(name))" }

  private static let timeouts: Set<String> = [
    "_TIMED_OUT", "_TIMED_OUT_QUEUE", "REQUEST_TIMED_OUT",
  ]
}
