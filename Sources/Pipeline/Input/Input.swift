import Attribution
import Codec
import Kafka

// Safety: a row's event lends bytes of the reader's current batch and of the decoder's scratch
// memory; both live until the next `fill`, which happens only when every row has been taken.

/// One input partition of a task: reads batches, decodes them, and hands out rows in order.
final class Input {
  /// A decoded record, or why it cannot be used.
  struct Row {
    var event: Event
    /// Of an event that can be used.
    var identity = EventIdentity(event: Hash128(high: 0, low: 0), user: Hash128(high: 0, low: 0))
    var rejection: Rejection?
  }

  let kind: EventKind
  let partition: TopicPartition
  /// Read up to here and no further; nil without an end.
  let stop: Int64?
  /// The next offset that has not been taken.
  private(set) var position: Int64
  private(set) var counts = InputCounts()

  private static let lookahead = 8

  private let reader: any LogReader
  private var decoder: EventDecoder
  private var rows: [Row] = []
  private var cursor = 0
  private var metEnd: Int64?
  private var lastArrival: Milliseconds
  /// Whether the broker has confirmed, since the last arrival, that nothing follows.
  private var isSilent = false
  private var nextQuestion: Milliseconds = .min

  /// How long to wait before asking the broker again whether an input really ends here.
  private static let pauseBetweenQuestions: Milliseconds = 2_000

  init(
    kind: EventKind, partition: TopicPartition, reader: any LogReader, definitions: Definitions,
    start: Int64, stop: Int64?, now: Milliseconds
  ) {
    self.kind = kind
    self.partition = partition
    self.reader = reader
    self.stop = stop
    position = start
    lastArrival = now
    decoder = EventDecoder(
      kind: kind, currency: definitions.currency, maxFutureSkew: definitions.maxFutureSkew)
  }

  // MARK: Where the reader stands

  var hasRow: Bool { cursor < rows.count }

  /// Whether there is nothing more to read, as far as the last fetch knows.
  var isAtEnd: Bool {
    guard !hasRow else { return false }
    if isFinished || metEnd != nil { return true }
    return reader.knownEnd.map { position >= $0 } ?? false
  }

  /// Whether everything up to `stop` has been taken.
  var isFinished: Bool {
    guard let stop, !hasRow else { return false }
    return max(position, metEnd ?? position) >= stop
  }

  /// Whether the contract calls this input idle.
  ///
  /// What the last fetch knew may be long past when the broker does not answer. So before an input is
  /// called idle, the broker is asked where the log ends now.
  func isIdle(now: Milliseconds, timeout: Milliseconds, _ consumer: any LogConsumer) -> Bool {
    if isFinished { return true }
    guard isAtEnd, now - lastArrival >= timeout else { return false }
    if !isSilent && now >= nextQuestion {
      nextQuestion = now + Input.pauseBetweenQuestions
      let end = try? consumer.endOffsets([partition])[partition]
      isSilent = end.map { $0 <= max(position, metEnd ?? position) } ?? false
    }
    return isSilent
  }

  /// Records from the next one to the end of the log, as far as the last fetch knows.
  var lag: Int64? { isAtEnd ? 0 : reader.knownEnd.map { max(0, $0 - position) } }

  // MARK: Rows

  /// Reads and decodes the next batch once every row has been taken. Does not block.
  ///
  /// - Parameter task: will be given the rows; has what it needs for them fetched from memory.
  func fill(for task: AttributionTask, now: Milliseconds) throws {
    guard !hasRow, !isFinished else { return }
    rows.removeAll(keepingCapacity: true)
    cursor = 0
    decoder.recycle()
    let count = try reader.read()
    if let end = reader.metEnd { metEnd = end } else if count > 0 { metEnd = nil }
    guard count > 0 else {
      // Steps over what is not a record: the marks of transactions.
      if let metEnd { position = max(position, metEnd) }
      return
    }
    guard reader[0].offset >= position else {
      throw PipelineError.shortened(partition, to: reader[0].offset, processed: position)
    }
    lastArrival = now
    isSilent = false
    for index in 0..<count {
      let record = reader[index]
      if let stop, record.offset >= stop { break }
      var row = Row(event: Event(kind: kind, time: 0, eventID: .empty, userID: .empty))
      row.rejection = decoder.decode(
        record.value, recordTimestamp: record.timestamp, into: &row.event)
      if row.rejection == nil {
        row.identity = EventIdentity(row.event)
        task.prefetch(row.identity, kind)
      }
      rows.append(row)
    }
    if rows.isEmpty, let stop { position = max(position, stop) }
  }

  /// Event time of the next row; a record that cannot be used comes first.
  var nextTime: Milliseconds {
    rows[cursor].rejection == nil ? rows[cursor].event.time : .min
  }

  /// The row a few behind the next: far enough for its memory to arrive in time.
  var rowAhead: Row? {
    let ahead = cursor + Input.lookahead
    return ahead < rows.count ? rows[ahead] : nil
  }

  /// Takes the next row.
  func take() -> (row: Row, record: Record) {
    let record = reader[cursor]
    let row = rows[cursor]
    cursor += 1
    position = record.offset + 1
    if cursor == rows.count, let metEnd {
      // Behind the last record there may be marks of transactions, which the stop counts.
      position = max(position, min(metEnd, stop ?? metEnd))
    }
    return (row, record)
  }

  func count(_ outcome: Outcome) { counts.count(outcome) }
  func countRejection() { counts.deadLetters += 1 }
}

/// What became of the records of one input.
public struct InputCounts: Sendable, Equatable {
  public var accepted = 0
  /// Accepted ones that came behind the watermark.
  public var late = 0
  public var duplicates = 0
  public var tooLate = 0
  public var deadLetters = 0

  public init() {}

  public var records: Int { accepted + duplicates + tooLate + deadLetters }

  mutating func count(_ outcome: Outcome) {
    switch outcome {
    case .accepted: accepted += 1
    case .acceptedLate:
      accepted += 1
      late += 1
    case .duplicate: duplicates += 1
    case .tooLate: tooLate += 1
    }
  }

  public mutating func add(_ other: InputCounts) {
    accepted += other.accepted
    late += other.late
    duplicates += other.duplicates
    tooLate += other.tooLate
    deadLetters += other.deadLetters
  }
}
