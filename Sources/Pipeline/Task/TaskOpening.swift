import Attribution
import Cluster
import Codec
import Configuration
import Kafka

/// A task on its way from its assignment to its first row: asks where it stands, reads its state back, and
/// compares what the group, the state and the logs say. Nothing of it waits for a broker.
///
/// One that nobody answers for is held up alone, and asks again with growing pauses.
final class TaskOpening {
  let kind: TaskKind
  let number: Int32
  let statePartition: TopicPartition
  private(set) var state: TaskState
  /// What keeps it from going on, while something does.
  private(set) var obstacle: (any Error)?
  /// Whether the rollup stage knows that this task has a new owner.
  var isAnnounced = false
  /// Bytes that restoring it takes, once that has been tried in vain.
  private(set) var bytesNeeded = 0
  private var waitsForMemory = false
  /// Entries of its state.
  private(set) var entries = 0
  /// Whether somebody else has gone on with the task since it was suspended: `fromTheBeginning` is needed.
  private(set) var isOutdated = false

  private let partitionCount: Int32
  private let context: StageContext
  private let group: String
  private let suspended: SuspendedTask?
  private let changelog: Changelog
  private var live: LiveRecords
  private var progress: ProgressRecord?
  private var questions = OpeningQuestions()
  private var starts: [InputStart] = []
  /// The record that was read last of each input, or the first behind what is lost.
  private var records: [RepeatedQuestion<RecordFingerprint?>] = []

  /// Records before the end of the state partition among which a suspended task looks for its last progress record.
  private static let tail: Int64 = 200

  /// - Parameter suspended: what this process remembers of the task, which may be outdated.
  init(
    kind: TaskKind, number: Int32, inputs: [TopicPartition],
    partitionCount: Int32, context: StageContext, suspended: SuspendedTask? = nil
  ) {
    self.suspended = suspended
    state = suspended == nil ? .created : .suspended
    self.kind = kind
    self.number = number
    partitions = inputs
    self.partitionCount = partitionCount
    self.context = context
    group = context.group
    let configuration = context.configuration
    statePartition = TopicPartition(topic: configuration.stateTopic, partition: number)
    changelog =
      suspended?.changelog
      ?? Changelog(
        name: kind.rawValue, topic: configuration.stateTopic, partition: number,
        recordBytes: configuration.stateRecordBytes)
    live = changelog.makeLiveRecords()
  }

  /// Its inputs, in the order in which it numbers them.
  let partitions: [TopicPartition]

  var id: TaskID { TaskID(isCosts: kind == .costs, partition: number) }

  // MARK: Created or suspended

  /// What the group has committed, once that is known: to be committed again with the word that the task has
  /// a new owner, so that a member that is no longer one cannot give it.
  var committedOffsets: [TopicPartition: Int64]? { questions.committed }

  /// Whether its state can be read: everything is answered, and the rollup stage knows of it.
  var isReadyToRestore: Bool {
    (state == .created || state == .suspended) && isAnnounced && questions.bounds != nil
  }

  /// Whether the task goes on with what this process remembers of it.
  var isResumed: Bool { suspended != nil }

  /// From where its state partition has to be read.
  var stateStart: Int64 { isResumed ? max(0, stateEnd - Self.tail) : 0 }

  /// Where its state partition ends, open transactions included.
  var stateEnd: Int64 { questions.bounds?[statePartition]?.end ?? 0 }

  /// Lets questions and answers pass. Does not block.
  ///
  /// - Throws: an error that no repetition mends.
  func advance(now: Milliseconds) throws {
    switch state {
    case .created, .suspended:
      try note(
        questions.advance(
          now: now, context.log.prober, committed: partitions, by: group,
          bounds: partitions + [statePartition]))
      if questions.bounds != nil, !waitsForMemory { obstacle = nil }
    case .restoring:
      for index in records.indices {
        guard let offset = offsetToRead(index) else { continue }
        try note(
          records[index].advance(now: now) {
            context.log.prober.record(atOrAfter: offset, of: partitions[index])
          })
      }
      if isReadyToRun { obstacle = nil }
    default: break
    }
  }

  private func note(_ error: (any Error)?) {
    if let error { obstacle = error }
  }

  var name: String { "\(kind.rawValue)-\(number)" }

  // MARK: Restoring

  /// Its state partition is being read from now on.
  func beginRestore() {
    if waitsForMemory {
      context.logger.notice("task \(name) goes on: there is memory for it")
      waitsForMemory = false
      obstacle = nil
    }
    state.move(to: .restoring)
  }

  /// Bytes of state that has been read and is not in its place yet.
  var heldBytes: Int { live.byteCount }
  /// Bytes that it takes beside them to put the state in its place, about.
  var bytesToRestore: Int { live.byteCount }

  /// Takes the state partition's next record.
  func take(_ record: Record) { live.add(record, isProgressEnough: isResumed) }

  /// The state partition has been read to its end.
  ///
  /// - Throws: `OperatorError` where state, offsets and logs do not fit.
  func didReadState() throws {
    if let suspended, live.progress != suspended.progress {
      isOutdated = true
      return
    }
    progress = try changelog.progress(of: live, under: context.configuration.definitions)
    let checkpoint = progress?.checkpoint
    try checkpoint?.checkInputs(partitions.map(\.topic), partitionCount: partitionCount)
    for (index, input) in partitions.enumerated() {
      let start = try InputStart.decide(
        input, remembered: checkpoint?.inputs[index].position,
        committed: questions.committed?[input], questions.bounds![input]!,
        group: group, state: context.configuration.stateTopic)
      if case .behind(let lost) = start, context.configuration.onLostInput == .stop {
        throw OperatorError.lost(input, lost)
      }
      starts.append(start)
      records.append(RepeatedQuestion())
    }
    if progress != nil, questions.committed!.count < partitions.count {
      context.logger.notice(
        "task \(name): \(group) has no offsets any more; it goes on from those in its state")
    }
  }

  /// Which record is to be looked at before the input is read; nil for none.
  private func offsetToRead(_ index: Int) -> Int64? {
    switch starts[index] {
    case .behind(let lost): return lost.upperBound
    case .at:
      guard let last = progress?.checkpoint.inputs[index].last,
        last.offset >= questions.bounds![partitions[index]]!.start
      else { return nil }
      return last.offset
    }
  }

  /// Whether nothing more is to be asked or read.
  var isReadyToRun: Bool {
    state == .restoring && !starts.isEmpty
      && records.indices.allSatisfy { records[$0].answer != nil || offsetToRead($0) == nil }
  }

  // MARK: Running

  /// The task, with its state, at the places where its inputs are to be read on.
  ///
  /// - Parameter stopsAtEnd: read to where the logs ended at the take-over, and no further.
  func makeTask(stopsAtEnd: Bool) throws -> StreamTask {
    var checkpoint = progress?.checkpoint ?? TaskCheckpoint()
    if checkpoint.secret.isEmpty {
      checkpoint.secret = TaskCheckpoint.makeSecret(context.random)
    }
    checkpoint.partitionCount = partitionCount
    let definitions = context.configuration.definitions
    guard let secret = IdentitySecret(checkpoint.secret) else {
      throw OperatorError(
        "the progress record of task \(name) in \(statePartition) is damaged; `tributary reset` starts again"
      )
    }
    let task =
      suspended?.task
      ?? AttributionTask(
        definitions: definitions, inputCount: partitions.count, secret: secret,
        longestWalk: context.configuration.longestWalk)
    var opened: [InputPartition] = []
    var lost: [LostRange] = []
    for (index, input) in partitions.enumerated() {
      let former = progress?.checkpoint.inputs[index]
      let found = records[index].answer ?? nil
      let position: Int64
      switch starts[index] {
      case .at(let offset):
        position = offset
        if let last = former?.last {
          try InputStart.check(input, last: last, found: found)
        }
      case .behind(let range):
        position = range.upperBound
        lost.append(lostRange(range, of: input, number: index, first: found))
      }
      opened.append(
        try open(input, number: index, at: position, former?.last, stopsAtEnd: stopsAtEnd))
    }
    if let progress, !isResumed { entries = try changelog.restore(task, progress, live) }
    for range in lost { checkpoint.add(range) }
    state.move(to: .running)
    return StreamTask(
      id, inputs: opened, task: task, changelog: changelog,
      checkpoint: checkpoint, mustCommit: !lost.isEmpty || hasLostOffsets, state: state,
      context: context)
  }

  /// Whether the group has no offsets although the task has.
  private var hasLostOffsets: Bool {
    progress != nil && (questions.committed?.count ?? 0) < partitions.count
  }

  private func open(
    _ input: TopicPartition, number: Int, at position: Int64, _ last: RecordFingerprint?,
    stopsAtEnd: Bool
  ) throws -> InputPartition {
    let end = questions.bounds![input]!.stableEnd
    let sources = context.plan.sources(of: input.topic)
    let reader = try context.consumer.reader(of: input, from: position, end: end)
    return InputPartition(
      number: number, partition: input, plan: try context.inputPlan(of: input.topic),
      reader: sources.isEmpty ? reader : UnpackingReader(reader, of: input),
      definitions: context.configuration.definitions, start: position, last: last,
      stop: stopsAtEnd ? end : nil, now: context.now(),
      sources: sources.isEmpty ? nil : SourceTable(sources))
  }

  private func lostRange(
    _ range: Range<Int64>, of partition: TopicPartition, number: Int, first: RecordFingerprint?
  ) -> LostRange {
    context.logger.error(
      """
      \(partition): \(range.count) records from offset \(range.lowerBound) to \(range.upperBound) were \
      deleted before they were read; reports of the days concerned say so
      """)
    let newest = progress?.largest[number] ?? .unknown
    return LostRange(
      topic: partition.topic, partition: partition.partition, from: range.lowerBound,
      to: range.upperBound, after: newest.isKnown ? newest.time : nil, before: first?.timestamp)
  }

  /// It has lost its partitions, or failed: whoever opens it next begins anew.
  func close() { state.move(to: .closed) }

  /// The same task from its beginning, to be restored once there is memory for it.
  ///
  /// - Parameter needed: bytes that it would take.
  func waitingForMemory(of needed: Int, now: Milliseconds) -> TaskOpening {
    let error = OperatorError("restoring it would take more than max_memory allows")
    if bytesNeeded == 0 {
      context.logger.warning("task \(name) waits for memory, the others go on: \(error)")
    }
    let next = successor(after: error, now: now)
    next.waitsForMemory = true
    next.bytesNeeded = max(bytesNeeded, needed)
    return next
  }

  /// The same task from its beginning, after a pause: its state could not be read.
  func successor(after error: any Error, now: Milliseconds) -> TaskOpening {
    let next = fromTheBeginning()
    next.obstacle = error
    next.questions.pauseBeforeAsking(now: now)
    return next
  }

  /// The same task, to be restored: what this process remembers of it counts no more.
  func fromTheBeginning() -> TaskOpening {
    let next = TaskOpening(
      kind: kind, number: number, inputs: partitions,
      partitionCount: partitionCount, context: context)
    next.isAnnounced = isAnnounced
    return next
  }
}
