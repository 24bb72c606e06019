import Attribution
import Cluster
import Codec
import Kafka

/// One partition of a re-keyed topic: what has been read of it, and what was said of it.
final class RekeyPartition {
  /// How long others of its topic wait for a partition of which nothing comes.
  private static let longestWait: Milliseconds = 5_000

  let input: InputPartition
  private(set) var lost: [LostRange]
  /// The largest event time that has been passed on.
  private var largest: Watermark
  /// What the last commit has put down and said.
  private var committed: (position: Int64, word: SourceWord)?
  /// Whether the rollup stage does not know all of `lost` yet.
  private(set) var hasNewLost: Bool
  private var isIdle = false
  /// Whether rows were taken since the last commit: the watermark follows them before it leaves the partition out.
  private var hasTaken = false
  private var emptySince: Milliseconds?
  /// Whether the commit under way writes its progress.
  private var isWritten = false
  /// Of the records taken, and of those committed.
  private var counts = RekeyCounts()
  private(set) var committedCounts = RekeyCounts()

  init(_ input: InputPartition, largest: Watermark, lost: [LostRange], hasLost: Bool) {
    self.input = input
    self.largest = largest
    self.lost = lost
    hasNewLost = hasLost
  }

  var source: TopicPartition { input.partition }

  /// Whether what is to be put down or said differs from what was.
  var hasChanges: Bool {
    guard let committed else { return true }
    return hasTaken || committed.position != input.position || committed.word.isIdle != isIdle
      || hasNewLost
  }

  /// Reads on once every row has been taken, and notes whether the partition is idle.
  func fill(_ context: StageContext) throws {
    let now = context.now()
    if !input.hasRow { try input.fill(for: nil, now: now, processorClock: context.clock.laterWall) }
    if input.hasRow {
      emptySince = nil
      isIdle = false
    } else {
      emptySince = emptySince ?? now
      isIdle = input.isIdle(
        now: now, timeout: context.configuration.definitions.idleTimeout, context.ends)
      try input.checkArrival(now: now, context.ends)
    }
  }

  /// Whether the others of its topic should wait until something comes. Events keep their order all the same:
  /// what has not come holds the watermark back.
  func isWaitedFor(now: Milliseconds) -> Bool {
    guard !input.hasRow, !input.isAtEnd else { return false }
    return now - (emptySince ?? now) < Self.longestWait
  }

  /// Takes rows while they are not after `bound`.
  ///
  /// - Returns: how many.
  func run(
    through bound: Milliseconds, limit: Int, to targets: [RekeyTarget?],
    _ collector: RecordCollector
  ) throws -> Int {
    let rows = input.waiting
    guard let first = rows.baseAddress, !rows.isEmpty, first.pointee.time <= bound else { return 0 }
    let (input, source, producer) = (input, source, try collector.transaction())
    // Its own fields are asked for once a call: every access to an object's is checked.
    var (taken, latest, new) = (0, largest, RekeyCounts())
    defer {
      input.take(taken)
      largest = latest
      counts.add(new)
      hasTaken = hasTaken || taken > 0
    }
    while taken < min(limit, rows.count) {
      let row = first + taken
      guard row.pointee.time <= bound else { break }
      let record = input.record(taken)
      if row.pointee.rejection == InputRow.filtered {
        new.filtered += 1
      } else if let rejection = input.rejection(of: row) {
        try collector.setAside(record, from: source, rejection)
        new.deadLetters += 1
      } else {
        let event = row.event
        let target = targets[Int(event.pointee.kind.rawValue)]!
        try target.forward(record, of: source, event, to: producer)
        latest = max(latest, Watermark(event.pointee.time))
        new.forwarded += 1
      }
      taken += 1
    }
    return taken
  }

  // MARK: Committing

  /// What is said of it now. One that has been read to its stop is left out, but by no clock: what it ends with
  /// becomes final when the tasks close, not with time.
  func word(asOf clock: Milliseconds) -> SourceWord {
    SourceWord(
      largest: largest, isIdle: isIdle && !hasTaken, asOf: input.isFinished ? 0 : clock)
  }

  /// Puts down how far it has been read.
  func writeProgress(to producer: any LogProducer, _ positions: TopicPartition) throws {
    let progress = RekeyProgress(position: input.checkpoint, largest: largest, lost: lost)
    try RekeyProgress.key(source).withUnsafeBytes { key in
      try progress.bytes.withUnsafeBytes { value in
        try producer.produce(
          positions.topic, partition: positions.partition, key: key, value: value, timestamp: nil,
          headers: [])
      }
    }
    isWritten = true
  }

  func didCommit(asOf clock: Milliseconds) {
    guard isWritten else { return }
    isWritten = false
    hasNewLost = false
    committedCounts = counts
    committed = (input.position, word(asOf: clock))
    hasTaken = false
  }
}
