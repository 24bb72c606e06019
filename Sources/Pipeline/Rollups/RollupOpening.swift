import Attribution
import Cluster
import Kafka

/// A partition of the deltas on its way from its assignment to its first row, as ``TaskOpening``.
final class RollupOpening {
  let partition: RollupPartition
  private(set) var state = TaskState.created
  /// What keeps it from going on, while something does.
  private(set) var obstacle: (any Error)?

  private let context: StageContext
  private var questions = OpeningQuestions()

  init(_ source: TopicPartition, _ context: StageContext) {
    self.context = context
    partition = RollupPartition(
      source: source, configuration: context.configuration, taskCount: context.plan.taskCount,
      meter: context.meter, process: context.process)
  }

  var source: TopicPartition { partition.source }

  var isReadyToRestore: Bool { state == .created && questions.bounds != nil }

  /// Where its partition of the rollups ends, open transactions included.
  var targetEnd: Int64 { questions.bounds?[partition.target]?.end ?? 0 }

  /// Lets questions and answers pass. Does not block.
  func advance(now: Milliseconds) throws {
    guard state == .created else { return }
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

  /// The partition, with its rollups, at the place where its deltas are to be read on.
  func makePartition() throws -> RollupPartition {
    let bounds = questions.bounds![source]!
    try partition.didRestore(
      committed: questions.committed?[source], bounds, group: context.group
    ) { [context] in
      [context.random(), context.random()].map { bits in
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
      }.joined()
    }
    partition.begin(
      try context.consumer.reader(of: source, from: partition.position, end: bounds.stableEnd))
    state.move(to: .running)
    return partition
  }

  func close() { state.move(to: .closed) }

  /// The same from its beginning, after a pause: its rollups could not be read.
  func successor(after error: any Error, now: Milliseconds) -> RollupOpening {
    let next = RollupOpening(source, context)
    next.obstacle = error
    next.questions.pauseBeforeAsking(now: now)
    return next
  }
}
