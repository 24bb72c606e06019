import Kafka

/// Reads one partition in batches. Records are lent until the next `read`.
public protocol LogReader: AnyObject {
  /// Takes the next records that have arrived; does not block.
  func read() throws -> Int
  subscript(index: Int) -> Record { get }
  /// Calls `body` with one record of the last read after the other until it returns false.
  ///
  /// - Parameter count: what `read` returned.
  func visit(count: Int, _ body: (Record) -> Bool)
  /// The message that a record of the last read came in: what has its offset. Most messages are one record.
  func message(_ index: Int) -> Record
  /// How many records the messages of the last read held on average.
  var recordsPerMessage: Double { get }
  /// The offset at which the log ended, when the last read met its end.
  var reachedEnd: Int64? { get }
  /// Where the log ended as of the last fetch; nil before the first.
  var endOffset: Int64? { get }
  /// Whether nothing is fetched for now, on purpose.
  var isPaused: Bool { get }
}

extension LogReader {
  public var isPaused: Bool { false }
  public var recordsPerMessage: Double { 1 }
  public func message(_ index: Int) -> Record { self[index] }

  public func visit(count: Int, _ body: (Record) -> Bool) {
    for index in 0..<count where !body(self[index]) { return }
  }
}

extension KafkaError {
  /// Whether a reader's next offset is outside the log: what it was to read has been deleted.
  package var isOffsetGone: Bool { name == "_AUTO_OFFSET_RESET" || name == "OFFSET_OUT_OF_RANGE" }
}
