/// What stops a worker or the start, in one line: what is wrong, where, and what to do.
public struct OperatorError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  /// A record, or a batch of records, is larger than its topic takes.
  package static func recordTooLarge(_ topic: String, limit: Int) -> OperatorError {
    OperatorError(
      "\(topic) refuses a record for its size: its max.message.bytes is \(limit), or was when this process "
        + "started; raise it (`tributary topics describe` says what is needed) and start again")
  }
}
