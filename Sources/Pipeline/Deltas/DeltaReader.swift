import Attribution
import Cluster
import Kafka

// Safety: records are lent by the reader until `next` reads again, which happens only when all have been taken.

/// Reads one partition of the deltas, record by record, and knows how far it has come.
struct DeltaReader {
  let source: TopicPartition
  /// Read up to here and no further; nil without an end.
  var stop: Int64?
  private(set) var position: Int64 = 0
  /// The position as of the last commit: what comes before is in the rollups.
  private(set) var committedPosition: Int64 = 0

  private var reader: (any LogReader)!
  private var reachedEnd: Int64?
  private var arrivals = StuckReadDetector()
  private var pending = 0
  private var available = 0

  init(_ source: TopicPartition) { self.source = source }

  var isFinished: Bool { stop.map { position >= $0 } ?? false }

  /// Whether it has come to its stop, and no commit has put that down.
  var hasNewsOfStop: Bool { isFinished && position != committedPosition }

  /// Records from the next one to the end of the log, as far as the last fetch knows.
  var lag: Int64? {
    if pending == available, reachedEnd != nil { return 0 }
    return reader.endOffset.map { max(0, $0 - position) }
  }

  /// Everything before this is in the rollups.
  mutating func restore(position: Int64) {
    self.position = position
    committedPosition = position
  }

  /// Begins to read, behind what has been committed.
  mutating func begin(_ reader: any LogReader) {
    self.reader = reader
    position = committedPosition
    reachedEnd = nil
    arrivals = StuckReadDetector()
    pending = 0
    available = 0
  }

  /// The next record, lent; nil where nothing has arrived. The same again until it is taken. Does not block.
  mutating func next() throws -> Record? {
    if pending == available {
      available = try reader.read()
      pending = 0
      if let end = reader.reachedEnd { reachedEnd = end } else if available > 0 { reachedEnd = nil }
      if available == 0 {
        // Steps over what is not a record: the marks of transactions.
        if let reachedEnd { position = max(position, reachedEnd) }
        return nil
      }
      guard reader[0].offset >= position else {
        throw OperatorError.shortened(source, to: reader[0].offset, processed: position)
      }
    }
    return reader[pending]
  }

  /// Takes the record that `next` has lent.
  mutating func take(_ record: Record) {
    pending += 1
    position = record.offset + 1
  }

  /// To be called where `next` has found nothing.
  ///
  /// - Throws: a `KafkaError` when the broker holds records that do not come.
  mutating func checkArrival(now: Milliseconds, _ ends: EndProbe) throws {
    guard available == 0, reachedEnd == nil, !isFinished, !reader.isPaused else {
      return arrivals.note()
    }
    try arrivals.check(source, position: position, now: now, ends)
  }

  mutating func didCommit() { committedPosition = position }
}
