import Kafka

// The seam between the pipeline and whatever keeps its logs: Kafka, or a simulated log in tests.

/// Where logs live: makes the clients that workers use.
public protocol Log: Sendable {
  /// A member of a consumer group, reading committed records only.
  func makeConsumer(group: String, member: String) throws -> any LogConsumer
  /// A producer whose transactions fence those of its predecessor with the same id.
  func makeProducer(transactionalID: String) throws -> any LogProducer
  /// Begins to read partitions from an offset each up to where they end now.
  func scan(from starts: [TopicPartition: Int64]) throws -> any LogScan
  /// As the other `scan`, up to ends that the caller knows: asks no broker.
  func scan(
    from starts: [TopicPartition: Int64], to ends: [TopicPartition: Int64]
  ) throws -> any LogScan
  /// For questions whose answers nobody waits for.
  var prober: any LogProber { get }
  /// The offsets behind the last record of each partition, of transactions still open too.
  func ends(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64]
  /// Deletes what lies before the offsets and nobody reads again.
  func deleteRecords(before offsets: [TopicPartition: Int64]) throws
}

extension Log {
  /// Begins to read whole partitions.
  package func scan(_ partitions: [TopicPartition]) throws -> any LogScan {
    try scan(from: Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) }))
  }

  /// The committed records of one partition, oldest first, up to where it ends now.
  package func readThrough(
    _ partition: TopicPartition, from start: Int64 = 0, _ body: (Record) throws -> Void
  ) throws {
    let scan = try scan(from: [partition: start])
    defer { scan.close() }
    try scan.readThrough(partition, body)
  }
}

/// Reads partitions through, one after the other: while the records of one are dealt with, those of the
/// next arrive. One thread uses it.
public protocol LogScan: AnyObject {
  /// Goes on with the committed records of one of the partitions, oldest first.
  ///
  /// - Parameter limit: after about so many records it returns, or when nothing more has arrived; nil
  ///   waits until the end is reached.
  /// - Returns: whether the end has been reached.
  func read(
    _ partition: TopicPartition, limit: Int?, _ body: (Record) throws -> Void
  ) throws -> Bool
  func close()
}

extension LogScan {
  /// The committed records of one of the partitions, oldest first. Once for each.
  public func readThrough(
    _ partition: TopicPartition, _ body: (Record) throws -> Void
  ) throws {
    while try !read(partition, limit: nil, body) {}
  }
}

/// A change of the partitions that a consumer owns.
public enum Rebalance: Sendable {
  case assigned([TopicPartition])
  /// To be given up after the call; transactions may still commit in it.
  case revoked([TopicPartition])
  /// Already somebody else's: nothing may be committed for them.
  case lost([TopicPartition])
}

/// A member of a consumer group. One thread uses it, but for `waker`.
public protocol LogConsumer: AnyObject {
  /// Joins the group; `onRebalance` runs inside `poll` and `close`.
  func subscribe(_ topics: [String], onRebalance: @escaping (Rebalance) -> Void) throws
  /// Serves rebalances and errors without blocking.
  func poll() throws
  /// Blocks until something arrives in an empty queue, or the time is over. Call when every reader
  /// that is waited for has just come back empty.
  func wait(milliseconds: Int32)
  /// Ends a `wait`, from any thread.
  var waker: @Sendable () -> Void { get }
  /// Begins to read an assigned partition; until then nothing of it is read. Drops what a former reader
  /// of it has read ahead.
  ///
  /// A log that no longer begins before `offset` is an error of the reader's, ``KafkaError/isOffsetGone``.
  ///
  /// - Parameter end: where the log ended lately: tells how much is ahead.
  func reader(
    of partition: TopicPartition, from offset: Int64, end: Int64
  ) throws -> any LogReader
  /// The first offset not yet processed, as the group committed it, or the log's start.
  func startOffsets(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64]
  func close()
}

extension KafkaError {
  /// Whether a reader's next offset is outside the log: what it was to read has been deleted.
  var isOffsetGone: Bool { name == "_AUTO_OFFSET_RESET" || name == "OFFSET_OUT_OF_RANGE" }
}

/// Reads one partition in batches. Records are lent until the next `read`.
public protocol LogReader: AnyObject {
  /// Takes the next records that have arrived; does not block.
  func read() throws -> Int
  subscript(index: Int) -> Record { get }
  /// Calls `body` with one record of the last read after the other until it returns false.
  ///
  /// - Parameter count: what `read` returned.
  func visit(count: Int, _ body: (Record) -> Bool)
  /// The offset at which the log ended, when the last read met its end.
  var metEnd: Int64? { get }
  /// Where the log ended as of the last fetch; nil before the first.
  var knownEnd: Int64? { get }
  /// Whether nothing is fetched for now, on purpose.
  var isPaused: Bool { get }
}

extension LogReader {
  public var isPaused: Bool { false }

  public func visit(count: Int, _ body: (Record) -> Bool) {
    for index in 0..<count where !body(self[index]) { return }
  }
}

/// Writes in transactions. One thread uses it.
public protocol LogProducer: AnyObject {
  func begin() throws
  /// - Parameter partition: nil for the one that the key hashes to.
  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws
  /// Makes the consumer's progress part of the transaction. Offsets are of the next record to read.
  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) throws
  func commit() throws
  func abort() throws
  func close()
}
