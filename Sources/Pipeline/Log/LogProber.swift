import Kafka
import Synchronization

/// Where the log of a partition begins and ends.
public struct LogBounds: Equatable, Sendable {
  /// The oldest offset that it still has.
  public var start: Int64
  /// The offset behind the last committed record: what a reader of committed records can come to.
  public var stableEnd: Int64
  /// The offset behind the last record, of transactions still open too.
  public var end: Int64

  public init(start: Int64, stableEnd: Int64, end: Int64) {
    self.start = start
    self.stableEnd = stableEnd
    self.end = end
  }
}

/// Asks a cluster about partitions, or for what can as well be done later. Nobody waits for the answers: they are looked at when they have come.
/// Any thread.
public protocol LogProber: AnyObject, Sendable {
  /// Where logs begin and end now; an error for each partition that nobody answers for.
  func bounds(
    of partitions: [TopicPartition]
  ) -> PendingAnswer<[TopicPartition: Result<LogBounds, any Error>]>

  /// What a group has committed; nothing for partitions where it has nothing. Not answered while a
  /// transaction is open that may commit other offsets.
  func committed(
    _ partitions: [TopicPartition], by group: String
  ) -> PendingAnswer<[TopicPartition: Int64]>

  /// The first committed record at an offset or behind it; nil where the log ends before one.
  func record(
    atOrAfter offset: Int64, of partition: TopicPartition
  ) -> PendingAnswer<RecordFingerprint?>

  /// Has what lies before the offsets and nobody reads again deleted.
  func deleteRecords(before offsets: [TopicPartition: Int64]) -> PendingAnswer<Void>
}

/// The answer to a question, once it has come.
public final class PendingAnswer<Value: Sendable>: Sendable {
  private let state: Mutex<Result<Value, any Error>?>

  public init() { state = Mutex(nil) }

  /// An answer that is there at once.
  public init(_ result: Result<Value, any Error>) { state = Mutex(result) }

  /// What came of it; nil while there is no answer.
  public var result: Result<Value, any Error>? { state.withLock { $0 } }

  public func resolve(_ result: Result<Value, any Error>) { state.withLock { $0 = result } }
}
