import Kafka

// Safety: records are lent by `batch` for one call of the body.

/// Reads one assigned partition from an offset to an offset, committed records only: the only loop of its kind.
///
///     try consumer.assign([(partition, offset: start)])
///     var reader = BoundedReader(of: partition, consumer, from: start, to: end, into: batch)!
///     _ = try reader.readAll { record in handle(record) }
///
/// It fails where a partition brings nothing for a minute: behind somebody's open transaction, or where the leader
/// does not answer. For one thread, which polls the consumer nowhere else meanwhile.
struct BoundedReader {
  /// Why a read has returned.
  enum Outcome {
    case reachedEnd
    /// The body has had enough.
    case stopped
    /// The limit has been reached, or nothing more has arrived yet.
    case paused
  }

  let partition: TopicPartition
  /// The first offset that is not wanted.
  let end: Int64
  /// The next offset.
  private(set) var position: Int64

  private let consumer: Consumer
  private let queue: PartitionQueue
  private let batch: RecordBatch
  private let stallTimeout: Duration
  private let check: () throws -> Void
  // Records of the state are large, and few of them are all that may lie ahead.
  private var reminder = FetchReminder { _ in 1 }
  private var lastProgress = ContinuousClock.now

  /// How long a partition may bring nothing.
  static let stallTimeout = Duration.seconds(60)

  /// - Parameters:
  ///   - partition: assigned to the consumer, from `start` on.
  ///   - start: an offset, or `LogicalOffset.beginning`.
  ///   - batch: for the records, used by nobody else meanwhile.
  ///   - check: called before every batch; what it throws ends the reading.
  /// - Returns: nil where the partition is not assigned.
  init?(
    of partition: TopicPartition, _ consumer: Consumer, from start: Int64, to end: Int64,
    into batch: RecordBatch, stallTimeout: Duration = BoundedReader.stallTimeout,
    check: @escaping () throws -> Void = {}
  ) {
    guard let queue = consumer.queue(for: partition) else { return nil }
    self.partition = partition
    self.end = end
    self.consumer = consumer
    self.queue = queue
    self.batch = batch
    self.stallTimeout = stallTimeout
    self.check = check
    position = start
    reminder.watch([partition], of: consumer)
  }

  /// Goes on with the next records, oldest first.
  ///
  /// - Parameters:
  ///   - limit: after about so many it returns, or when nothing more has arrived; nil waits until the end is reached.
  ///   - body: gets each record, lent; false ends the reading for good.
  /// - Throws: `LogStall` when nothing comes for too long, a `KafkaError`, or what `body` and `check` throw.
  mutating func read(
    limit: Int? = nil, while body: (Record) throws -> Bool
  ) throws -> Outcome {
    var taken = 0
    defer { batch.release() }
    while position < end {
      try check()
      try consumer.poll()
      reminder.remind(consumer)
      let count = try queue.read(into: batch)
      for record in batch {
        guard record.offset < end else { break }
        position = record.offset + 1
        guard try body(record) else { return .stopped }
      }
      try noteProgress(count)
      if count == 0, limit == nil {
        // What has come of the other partitions must not end the wait.
        consumer.waitForArrival(timeoutMilliseconds: 20)
      }
      taken += count
      if let limit, position < end, count == 0 || taken >= limit { return .paused }
    }
    return .reachedEnd
  }

  /// As the other, for a body that takes everything.
  mutating func readAll(
    limit: Int? = nil, _ body: (Record) throws -> Void
  ) throws -> Outcome {
    try read(
      limit: limit,
      while: {
        try body($0)
        return true
      })
  }

  /// - Parameter count: how many records have come.
  private mutating func noteProgress(_ count: Int) throws {
    // Behind the last record may be marks of transactions, which are no records; a record behind the end says that
    // there is none before.
    let reached = max(batch.endOffset ?? 0, count > 0 ? batch[count - 1].offset + 1 : 0)
    if count > 0 || reached > position {
      position = max(position, reached)
      lastProgress = .now
    } else if lastProgress.duration(to: .now) > stallTimeout {
      throw LogStall(
        description:
          "reading \(partition) stopped at offset \(max(position, 0)) of \(end): a transaction of "
          + "another producer is still open there, or its leader does not answer")
    }
  }
}
