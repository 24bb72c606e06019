// Safety: rows are lent by `InputPartition` until its next `fill`, and used within one call.

import Attribution
import Cluster
import Codec
import Configuration
import Kafka

/// One task bound to its inputs: takes rows in step by event time, applies them, writes the effects.
final class StreamTask {
  let id: TaskID
  let inputs: [InputPartition]
  let task: AttributionTask
  /// Rows taken since the last commit.
  private(set) var uncommittedRows = 0
  /// Whether the commit under way writes anything of it.
  private(set) var isWritten = false
  /// Its inputs as of the last commit.
  private var committed: [CommittedInput]

  let changelog: Changelog
  /// What belongs to the task for good: its progress records carry it on.
  private var checkpoint: TaskCheckpoint
  let configuration: Configuration
  let ends: EndProbe
  private let fingerprint: DefinitionsFingerprint
  private let historyMask: HistoryMask
  /// Whether a commit is due although no row was taken: to put down what was lost, or offsets that the group
  /// no longer has.
  private var mustCommit: Bool
  private var statusSender: TaskStatusSender
  private var state: TaskState
  private let meter: Meter
  private let clock: ProcessClock
  /// Of the events taken since the last commit.
  private var acceptanceTimes = AcceptanceTimes()
  private var acceptedCount = 0

  init(
    _ id: TaskID, inputs: [InputPartition], task: AttributionTask, changelog: Changelog,
    checkpoint: TaskCheckpoint, mustCommit: Bool, state: TaskState, context: StageContext
  ) {
    precondition(state == .running, "a task takes rows only while it is running")
    self.checkpoint = checkpoint
    self.mustCommit = mustCommit
    self.state = state
    self.id = id
    self.inputs = inputs
    self.task = task
    self.changelog = changelog
    configuration = context.configuration
    ends = context.ends
    meter = context.meter
    clock = context.clock
    let partitioner = UserPartitioner(
      configuration.partitioner, count: context.plan.taskCount)
    for input in inputs where !id.isCosts { input.partitioner = partitioner }
    fingerprint = task.definitions.fingerprint
    historyMask = HistoryMask(task.definitions)
    statusSender = TaskStatusSender(id, context.clock)
    // Nothing of the rows before counts here.
    committed = inputs.map { CommittedInput(topic: $0.partition.topic, position: $0.position) }
    // Until each has said how it stands, nothing is over.
    for input in inputs where input.sources != nil { noteSources(of: input) }
  }

  var kind: TaskKind { TaskKind(id) }
  var partition: Int32 { id.partition }

  /// Whether every input has been read to its stop.
  var isFinished: Bool { inputs.allSatisfy(\.isFinished) }

  /// Whether a commit would write anything.
  var hasChanges: Bool {
    uncommittedRows > 0 || mustCommit
      || statusSender.isNews(status, isCatchingUp: isCatchingUp)
      || (isFinished && inputs.map(\.position) != committed.map(\.position))
  }

  /// What became of the rows committed since the task was taken over.
  var committedCounts: [(topic: String, counts: InputCounts)] {
    committed.map { ($0.topic, $0.counts) }
  }

  /// What was gone before it was read.
  var lost: [LostRange] { checkpoint.lost }

  /// The error of an input whose next record is gone. What was read before is to be committed first.
  var overtaken: (any Error)? { inputs.lazy.compactMap(\.overtaken).first }
  var isOvertaken: Bool { overtaken != nil }

  /// It belongs to somebody else, or begins anew.
  func close() {
    state.move(to: .closed)
    changelog.copy?.release()
  }

  /// Its partitions are given up after a commit.
  ///
  /// - Returns: what is kept of it; nil if it has never committed anything.
  func suspend() -> SuspendedTask? {
    guard uncommittedRows == 0, let progress = changelog.lastProgress else {
      close()
      return nil
    }
    stopReading()
    state.move(to: .suspended)
    changelog.copy?.release()
    return SuspendedTask(
      id: id, inputs: inputs.map(\.partition), task: task, changelog: changelog, progress: progress)
  }

  /// Offsets to commit.
  var positions: [(TopicPartition, Int64)] { inputs.map { ($0.partition, $0.position) } }

  // MARK: Taking rows

  /// Applies up to about `limit` rows, or as many as can be taken in step.
  ///
  /// - Returns: how many were taken; 0 when an input that is not at its end has nothing yet.
  func advance(limit: Int, now: Milliseconds, collector: RecordCollector) throws -> Int {
    defer { noteAccepted() }
    var taken = 0
    while taken < limit {
      var first: InputPartition?
      var bound = Milliseconds.max
      for input in inputs {
        if !input.hasRow {
          try input.fill(for: task, now: now, processorClock: clock.laterWall)
        }
        markIdle(input, now)
        guard input.hasRow else {
          try input.checkArrival(now: now, ends)
          if input.isAtEnd { continue }
          uncommittedRows += taken
          return taken
        }
        let time = input.nextTime
        if first == nil || time < first!.nextTime {
          if let first { bound = min(bound, first.nextTime) }
          first = input
        } else {
          bound = min(bound, time)
        }
      }
      guard let first else { break }
      taken += try run(first, through: bound, limit: limit - taken, collector)
      if changelog.hasFullRecords { try changelog.writeFullRecords(to: collector.transaction()) }
    }
    uncommittedRows += taken
    return taken
  }

  /// Takes rows of one input while they are not after the other inputs' next.
  private func run(
    _ input: InputPartition, through bound: Milliseconds, limit: Int, _ collector: RecordCollector
  ) throws -> Int {
    let rows = input.waiting
    var taken = 0
    defer { input.take(taken) }
    while taken < min(limit, rows.count), rows[taken].time <= bound {
      let far = taken + AttributionTask.prefetchDistance
      if far < rows.count { task.prefetch(rows[far].identity, rows[far].event.kind) }
      let near = taken + AttributionTask.journeyDistance
      if near < rows.count { task.prefetchJourney(rows[near].identity) }
      let row = rows.baseAddress! + taken
      if row.pointee.rejection == InputRow.words {
        input.takeWords(taken)
        noteSources(of: input)
      } else if row.pointee.rejection >= 0, let rejection = input.rejection(of: row) {
        input.countRejection()
        try collector.setAside(input.record(taken), from: input.partition, rejection)
      } else if row.pointee.rejection == InputRow.filtered {
        input.countFiltered()
      } else {
        let outcome = task.apply(row.event, row.pointee.identity)
        input.count(outcome, isMisplaced: row.pointee.isMisplaced)
        switch outcome {
        case .accepted, .acceptedLate, .replaced, .replacedLate:
          let accepted = task.lastAccepted
          changelog.append(row.event, row.pointee.identity, accepted)
          if let topic = configuration.topics.accepted {
            try collector.send(
              row.event, isLate: outcome.isLate, replaces: accepted.replaces, to: topic)
          }
        case .tooLate:
          try collector.setAsideTooLate(input.record(taken), row.event, from: input.partition)
        case .duplicate:
          break
        }
      }
      taken += 1
    }
    return taken
  }

  /// Takes what is left of messages that have been begun, in step or not: that is how it could have come as well.
  private func takeRestOfMessages(_ collector: RecordCollector) throws {
    for input in inputs {
      let rest = input.restOfMessage
      if rest > 0 { uncommittedRows += try run(input, through: .max, limit: rest, collector) }
    }
    noteAccepted()
  }

  private func noteAccepted() {
    let count = inputs.reduce(0) { $0 + $1.counts.accepted + $1.counts.replaced }
    guard count != acceptedCount else { return }
    // The wall clock: the other stage may run on another machine.
    if !id.isCosts { acceptanceTimes.note(count - acceptedCount, at: clock.wall()) }
    acceptedCount = count
  }

  /// Bytes of everything that the task holds, by store.
  var memory: [StoreSize] {
    task.memory + [StoreSize(name: "changelog", entries: 0, bytes: changelog.byteCount)]
  }

  // MARK: Committing

  /// Writes everything that has changed since the last commit. The deltas stay with the collector.
  func writeEffects(to collector: RecordCollector) throws {
    try takeRestOfMessages(collector)
    try task.forEachCorrectedConversion { conversion in
      try collector.send(conversion)
      meter.count(conversion)
      if conversion.revision > 1 {
        changelog.append(
          revisionOf: conversion, user: conversion.user,
          bucket: task.stateBucket(of: conversion.time, .conversion))
      }
    }
    try task.forEachDelta { delta in
      try historyMask.withCounted(of: delta) { try collector.add($0) }
    }
    isWritten = true
    checkpoint.inputs = inputs.map(\.checkpoint)
    try changelog.flush(
      task.progress, checkpoint, fingerprint: fingerprint, live: task.liveBuckets,
      to: collector.transaction())
  }

  /// Tells the rollup stage how this task stands, after its deltas: it vouches for them.
  ///
  /// - Parameter isRepeating: whether to say so even where nothing has changed.
  func announce(to collector: RecordCollector, isRepeating: Bool = false) throws {
    try statusSender.send(
      status, isCatchingUp: isCatchingUp, lost: checkpoint.lost, isRepeating: isRepeating,
      measuring: acceptanceTimes, to: collector)
  }

  /// Forgets what the transaction has made durable.
  func didCommit() {
    if isWritten { changelog.didCommit(at: clock.wall()) }
    uncommittedRows = 0
    isWritten = false
    mustCommit = false
    acceptanceTimes.removeAll()
    committed = inputs.map {
      CommittedInput(topic: $0.partition.topic, position: $0.position, counts: $0.counts)
    }
    task.endCommit()
  }

  /// How this task stands, for the rollup stage; by which clock is said when it is sent.
  private var status: TaskStatus {
    if isFinished { return .finished(through: closingTime) }
    return task.progress.isIdle ? .idle(asOf: sourcesAsOf) : .active(task.progress.watermark)
  }

  /// The earliest of the clocks by which the sources of re-keyed inputs were called idle.
  private var sourcesAsOf: Milliseconds {
    inputs.compactMap { $0.sources?.asOf }.min() ?? .max
  }

  /// Whether so much is missing to the ends of the inputs that nobody waits for what was counted last.
  private var isCatchingUp: Bool {
    inputs.reduce(0) { $0 + ($1.lag ?? 0) } >= configuration.catchUpRecords
  }

  /// The end of the last window that holds anything.
  private var closingTime: Milliseconds {
    let largest = task.progress.largest
    guard largest.isKnown else { return largest.time }
    let ends = configuration.definitions.views.map {
      $0.windowStart(of: largest.time) + $0.periodMilliseconds
    }
    return ends.max() ?? largest.time
  }
}

/// How far an input had come when the task committed last, and what became of its rows.
private struct CommittedInput {
  let topic: String
  let position: Int64
  var counts = InputCounts()
}
