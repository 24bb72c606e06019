import Attribution
import Cluster
import Codec
import Kafka

/// A partition of the deltas on its way from its assignment to its first row, as ``TaskOpening``.
final class RollupOpening {
  let partition: RollupPartition
  private(set) var state: TaskState
  /// Whether somebody else has gone on with it since it was suspended: a new opening is needed.
  private(set) var isOutdated = false
  /// What keeps it from going on, while something does.
  private(set) var obstacle: (any Error)?

  private let context: StageContext
  private var questions = OpeningQuestions()
  /// Of a partition that was suspended: its last progress record, as it was written, and as the topic has it.
  private let suspendedHeader: [UInt8]?
  private var foundHeader: [UInt8]?

  /// Records before the end of the rollups among which a suspended partition looks for its last progress record.
  private static let tail: Int64 = 200

  /// - Parameter suspended: what this process remembers of it, which may be outdated.
  init(_ source: TopicPartition, _ context: StageContext, suspended: RollupPartition? = nil) {
    self.context = context
    suspendedHeader = suspended?.suspendedHeader
    state = suspendedHeader == nil ? .created : .suspended
    if let suspended, suspendedHeader != nil {
      partition = suspended
    } else {
      partition = RollupPartition(
        source: source, configuration: context.configuration, taskCount: context.plan.taskCount,
        meter: context.meter, process: context.process)
    }
  }

  /// Whether it goes on with what this process remembers.
  var isResumed: Bool { suspendedHeader != nil }

  var source: TopicPartition { partition.source }

  var isReadyToRestore: Bool {
    (state == .created || state == .suspended) && questions.bounds != nil
  }

  /// Where its partition of the rollups ends, open transactions included.
  var targetEnd: Int64 { questions.bounds?[partition.target]?.end ?? 0 }

  /// From where its partition of the rollups has to be read.
  var targetStart: Int64 { isResumed ? max(0, targetEnd - Self.tail) : 0 }

  /// Lets questions and answers pass. Does not block.
  func advance(now: Milliseconds) throws {
    guard state == .created || state == .suspended else { return }
    try note(
      questions.advance(
        now: now, context.log.prober, committed: [source], by: context.group,
        bounds: [source, partition.target]))
    guard questions.bounds != nil, obstacle != nil else { return }
    obstacle = nil
    context.logger.notice("the rollups of \(source) go on")
  }

  private func note(_ error: (any Error)?) {
    guard let error else { return }
    if obstacle == nil {
      context.logger.warning("the rollups of \(source) wait, the others go on: \(error)")
    }
    obstacle = error
  }

  func beginRestore() { state.move(to: .restoring) }

  /// Takes the next record of its partition of the rollups.
  func take(_ record: Record) throws {
    guard isResumed else { return try partition.take(restored: record) }
    guard let key = record.key, ProgressCodec.decodeKey(key) == partition.target.partition else {
      return
    }
    foundHeader = ProgressHeader.content(of: record)
  }

  /// Everything has been taken.
  func didRead() { isOutdated = foundHeader != suspendedHeader && isResumed }

  /// The partition, with its rollups, at the place where its deltas are to be read on.
  func makePartition() throws -> RollupPartition {
    let bounds = questions.bounds![source]!
    let committed = questions.committed?[source]
    if isResumed {
      try partition.resume(committed: committed, bounds, group: context.group)
    } else {
      try partition.didRestore(committed: committed, bounds, group: context.group) { makeEpoch() }
    }
    partition.begin(
      try context.consumer.reader(of: source, from: partition.position, end: bounds.stableEnd))
    state.move(to: .running)
    return partition
  }

  private func makeEpoch() -> String {
    [context.random(), context.random()].map { bits in
      let digits = String(bits, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  func close() { state.move(to: .closed) }

  /// The same from its beginning: what this process remembers of it counts no more.
  func fromTheBeginning() -> RollupOpening { RollupOpening(source, context) }

  /// The same from its beginning, after a pause: its rollups could not be read.
  func successor(after error: any Error, now: Milliseconds) -> RollupOpening {
    let next = RollupOpening(source, context)
    next.obstacle = error
    next.questions.pauseBeforeAsking(now: now)
    return next
  }
}
