import Attribution
import Cluster
import Codec
import Inputs
import Kafka

// Safety: a row's event lends bytes of the reader's current batch and of the decoder's scratch
// memory; both live until the next `fill`, which happens only when every row has been taken.

/// One input partition of a task: reads batches, decodes them, and hands out rows in order.
final class InputPartition {
  /// Its place among the inputs of its task.
  let number: Int
  let partition: TopicPartition
  /// Read up to here and no further; nil without an end.
  let stop: Int64?
  /// The next offset that has not been taken.
  private(set) var position: Int64
  private(set) var counts = InputCounts()
  /// The last record read; nil before the first.
  private var last: RecordFingerprint?
  /// The error of a reader whose next record is gone.
  private(set) var overtaken: (any Error)?
  /// Whether the task has been told that this input is idle.
  var isMarkedIdle = false
  /// Where users' events belong; nil where nothing is checked.
  var partitioner: UserPartitioner?
  /// What is known of the sources, where this is an internal topic of re-keyed events.
  private(set) var sources: SourceTable?

  let reader: any LogReader
  var decoder: InputDecoder
  var rows = RowBuffer()
  private var reachedEnd: Int64?
  private var lastArrival: Milliseconds
  /// Whether the broker has confirmed, since the last arrival, that nothing follows.
  private var isSilent = false
  /// Whether it has been asked since.
  private var isAsking = false
  private var lastQuestion: Milliseconds = .min
  private var arrivals = StuckReadDetector()

  /// How long to wait before asking the broker again whether an input really ends here.
  private static let pauseBetweenQuestions: Milliseconds = 2_000

  init(
    number: Int, partition: TopicPartition, plan: InputPlan, reader: any LogReader,
    definitions: Definitions, start: Int64, last: RecordFingerprint? = nil, stop: Int64?,
    now: Milliseconds, sources: SourceTable? = nil
  ) {
    self.sources = sources
    self.last = last
    self.number = number
    self.partition = partition
    self.reader = reader
    self.stop = stop
    position = start
    lastArrival = now
    decoder = InputDecoder(plan, definitions: definitions, counts: true)
  }

  // MARK: Where the reader stands

  var hasRow: Bool { rows.next < rows.count }

  /// Whether there is nothing more to read, as far as the last fetch knows.
  var isAtEnd: Bool {
    guard !hasRow, overtaken == nil else { return false }
    if isFinished || reachedEnd != nil { return true }
    return reader.endOffset.map { position >= $0 } ?? false
  }

  /// Whether everything up to `stop` has been taken.
  var isFinished: Bool {
    guard let stop, !hasRow else { return false }
    return max(position, reachedEnd ?? position) >= stop
  }

  /// Whether the contract calls this input idle.
  ///
  /// What the last fetch knew may be long past when the broker does not answer. So before an input is
  /// called idle, the broker is asked where the log ends now.
  /// Its answer is not waited for.
  func isIdle(now: Milliseconds, timeout: Milliseconds, _ ends: EndProbe) -> Bool {
    if isFinished { return true }
    guard isAtEnd, now - lastArrival >= timeout else { return false }
    if isSilent { return true }
    if isAsking, let end = ends.take(partition) {
      isAsking = false
      isSilent = end <= max(position, reachedEnd ?? position)
    } else if lastQuestion == .min || now - lastQuestion >= InputPartition.pauseBetweenQuestions
      || now < lastQuestion
    {
      lastQuestion = now
      isAsking = true
      ends.want(partition)
    }
    return isSilent
  }

  /// To be called while there is no row.
  ///
  /// - Throws: a `KafkaError` when the broker holds records that do not come.
  func checkArrival(now: Milliseconds, _ ends: EndProbe) throws {
    guard reachedEnd == nil, !isFinished, !reader.isPaused, overtaken == nil else {
      return arrivals.note()
    }
    try arrivals.check(partition, position: position, now: now, ends)
  }

  /// Records from the next one to the end of the log, as far as the last fetch knows; about so many where messages hold
  /// several.
  var lag: Int64? {
    isAtEnd
      ? 0
      : reader.endOffset.map {
        Int64((Double(max(0, $0 - position)) * reader.recordsPerMessage).rounded())
      }
  }

  // MARK: Rows

  /// Reads and decodes the next batch once every row has been taken. Does not block.
  ///
  /// - Parameters:
  ///   - task: will be given the rows; has what it needs for the first fetched from memory. nil where rows are
  ///     only passed on.
  ///   - now: monotonic.
  ///   - processorClock: wall time. Events that lie ahead of it are not accepted.
  func fill(
    for task: AttributionTask?, now: Milliseconds, processorClock: Milliseconds = .max
  ) throws {
    guard !hasRow, !isFinished, overtaken == nil else { return }
    noteLast()
    rows.removeAll(reserving: 0)
    decoder.recycle()
    let count: Int
    do { count = try reader.read() } catch let error as KafkaError where error.isOffsetGone {
      overtaken = InputOvertaken(partition: partition, position: position)
      return
    }
    if let end = reader.reachedEnd { reachedEnd = end } else if count > 0 { reachedEnd = nil }
    guard count > 0 else {
      // Steps over what is not a record: the marks of transactions.
      if let reachedEnd { position = max(position, reachedEnd) }
      return
    }
    guard reader[0].offset >= position else {
      throw OperatorError.shortened(partition, to: reader[0].offset, processed: position)
    }
    lastArrival = now
    isSilent = false
    isAsking = false
    lastQuestion = .min
    arrivals.note()
    rows.removeAll(reserving: count)
    // That re-keyed events are none of the future has been decided.
    decoder.clock = sources == nil ? processorClock : .max
    if let kind = decoder.plan.ownKind, var own = decoder.own {
      decode(count, kind, with: &own, into: &rows, for: task)
      decoder.own = own
    } else {
      try decodeMapped(count, with: &decoder, into: &rows, for: task)
    }
    if rows.count == 0, let stop { position = max(position, stop) }
  }

  /// Event time of the next row; a record that cannot be used comes first.
  var nextTime: Milliseconds { rows.waiting[0].time }

  /// The rows from the next on, lent until `fill`.
  var waiting: UnsafeBufferPointer<InputRow> { rows.waiting }

  /// Why a row cannot be used.
  func rejection(of row: UnsafePointer<InputRow>) -> Rejection? { rows.rejection(of: row) }

  /// The record of a row, counted from the next on.
  func record(_ index: Int) -> Record { reader[rows.next + index] }

  /// Takes the next `count` rows.
  func take(_ count: Int) {
    guard count > 0 else { return }
    position = rows.waiting[count - 1].offset + 1
    rows.take(count)
    if !hasRow, let reachedEnd {
      // Behind the last record there may be marks of transactions, which the stop counts.
      position = max(position, min(reachedEnd, stop ?? reachedEnd))
    }
  }

  /// Rows of the message of which the last row taken was one: offsets are of whole messages, so no commit comes before
  /// they are taken.
  var restOfMessage: Int {
    guard rows.next > 0 else { return 0 }
    return rows.waiting.prefix { $0.offset < position }.count
  }

  // MARK: Sources

  /// Takes what a row says of the sources, counted from the next on.
  func takeWords(_ index: Int) {
    guard let value = record(index).value, let words = SourceWords.decode(value) else { return }
    sources?.take(words)
  }

  /// Nothing is read for now: how the sources stand is not known.
  func forgetSources() { sources?.forget() }

  // MARK: What a commit puts down

  /// Where it stands, and which record it read last.
  var checkpoint: InputPosition {
    noteLast()
    return InputPosition(
      topic: partition.topic, position: position, last: last, mapping: decoder.plan.fingerprint)
  }

  /// Keeps what tells the record that was taken last, while it is still lent. Once a batch and a commit.
  private func noteLast() {
    guard rows.next > 0 else { return }
    let message = reader.message(rows.next - 1)
    if message.offset != last?.offset { last = RecordFingerprint(message) }
  }

  func count(_ outcome: Outcome, isMisplaced: Bool) {
    counts.count(outcome)
    if isMisplaced { counts.misplaced += 1 }
  }
  func countRejection() { counts.deadLetters += 1 }
  func countFiltered() { counts.filtered += 1 }
}
