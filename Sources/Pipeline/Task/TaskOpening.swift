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
  var state: TaskState
  /// What keeps it from going on, while something does.
  private(set) var obstacle: (any Error)?
  /// Whether the rollup stage knows that this task has a new owner.
  var isAnnounced = false
  /// Bytes that restoring it takes, once that has been tried in vain.
  private(set) var bytesNeeded = 0
  private var waitsForMemory = false
  /// Entries of its state.
  var entries = 0
  /// Whether what this process or its disk remembers of the task is not what the topic has: `fromTheBeginning` is needed.
  private(set) var isOutdated = false

  let partitionCount: Int32
  let context: StageContext
  private let group: String
  let suspended: SuspendedTask?
  let changelog: Changelog
  var live: LiveRecords
  private(set) var progress: ProgressRecord?
  /// The state's copy on this machine, until the task takes it.
  var copy: StateCopy?
  /// What is restored from the copy.
  var loading: Restoration?
  /// Whether the copy has turned out to be of no use.
  let ignoresCopy: Bool
  private(set) var questions = OpeningQuestions()
  private(set) var starts: [InputStart] = []
  /// The record that was read last of each input, or the first behind what is lost.
  private(set) var records: [RepeatedQuestion<RecordFingerprint?>] = []

  /// Records before the end of the state partition among which a suspended task looks for its last progress record.
  private static let tail: Int64 = 200

  /// - Parameters:
  ///   - suspended: what this process remembers of the task, which may be outdated.
  ///   - ignoresCopy: whether a copy on this machine is of no use.
  init(
    kind: TaskKind, number: Int32, inputs: [TopicPartition],
    partitionCount: Int32, context: StageContext, suspended: SuspendedTask? = nil,
    ignoresCopy: Bool = false
  ) {
    self.ignoresCopy = ignoresCopy
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
  var stateStart: Int64 {
    isResumed ? max(0, stateEnd - Self.tail) : copy?.last?.position ?? 0
  }

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
    if !isResumed { openCopy() }
  }

  /// Bytes of state that has been read, but for that of tasks that run.
  var heldBytes: Int { live.byteCount + (loading?.task.byteCount ?? 0) }
  /// Bytes that it takes beside them to put the state in its place, about.
  var bytesToRestore: Int { live.byteCount + (copy?.bytesToLoad ?? 0) }

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
    guard hasTopicOfCopy() else {
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

  /// It has lost its partitions, or failed: whoever opens it next begins anew.
  func close() {
    state.move(to: .closed)
    copy?.release()
  }

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
  ///
  /// - Parameter ignoresCopy: whether what its disk has does not count either.
  func fromTheBeginning(ignoresCopy: Bool = false) -> TaskOpening {
    let next = TaskOpening(
      kind: kind, number: number, inputs: partitions,
      partitionCount: partitionCount, context: context, ignoresCopy: ignoresCopy)
    next.isAnnounced = isAnnounced
    return next
  }
}
