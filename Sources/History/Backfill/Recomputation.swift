// Safety: events lend bytes of their record and of the decoder, which live until the record is done with.

import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka

/// Recomputes a slice of event time by the engine itself, task by task: once as it has been counted,
/// and once with the late events that are to be counted now.
final class Recomputation {
  /// A partition of an input and the records to read of it.
  struct Source {
    var plan: InputPlan
    var partition: TopicPartition
    var start: Int64
    /// The first offset that the processor has not committed.
    var end: Int64
    /// Records that came too late.
    var late: Set<RecordPlace>
  }

  /// A late event, kept.
  struct KeptLateEvent {
    var plan: InputPlan
    var record: KeptInputRecord
    /// Whether it is counted only now.
    var isNew: Bool
    /// Where it is among the late events.
    var place: RecordPosition
  }

  let slice: BackfillSlice
  private let definitions: Definitions
  private let log: any ArchiveLog
  private let didRead: () throws -> Void
  /// As counted, and as it will be.
  private(set) var before: WindowSums
  private(set) var after: WindowSums

  /// - Parameter didRead: called for every message; what it throws ends the work.
  init(
    _ slice: BackfillSlice, _ definitions: Definitions, log: any ArchiveLog,
    didRead: @escaping () throws -> Void
  ) {
    self.slice = slice
    self.log = log
    self.didRead = didRead
    var definitions = definitions
    // Whatever the order in which it is read: nothing is too late for itself.
    definitions.correctionHorizon = slice.events.upperBound - slice.events.lowerBound
    self.definitions = definitions
    before = WindowSums(modelCount: definitions.models.count)
    after = before
  }

  /// Recomputes one task.
  ///
  /// - Parameters:
  ///   - onCounted: gets every late event that counts only now, as it came, lent, with its place and the version that it
  ///     replaces.
  ///   - body: gets every conversion of the task as it will be, lent.
  func run(
    _ sources: [Source], _ late: [KeptLateEvent],
    onCounted: (UnsafePointer<Event>, RecordPosition, Int32?) throws -> Void,
    _ body: (CreditedConversion) throws -> Void
  ) throws {
    // Nothing of it is stored: a secret of the moment does.
    var random = SystemRandomNumberGenerator()
    let key = IdentityKey(IdentitySecret(using: &random))
    func makeTask() -> AttributionTask {
      AttributionTask(definitions: definitions, kinds: Set(EventKind.allCases), key: key)
    }
    let old = makeTask()
    let new = late.contains(where: \.isNew) ? makeTask() : nil
    for source in sources { try read(source, into: [old] + (new.map { [$0] } ?? [])) }
    for event in late {
      let tasks = (event.isNew ? [] : [old]) + (new.map { [$0] } ?? [])
      var decoder = makeDecoder(event.plan, isLate: true)
      try event.record.withRecord { record in
        // That it was not from the future has been decided.
        try apply(record, &decoder, to: tasks) { counted, task in
          if event.isNew { try onCounted(counted, event.place, task.lastAccepted.replaces) }
        }
      }
    }
    try (new ?? old).forEachCorrectedConversion(body)
    collect(old, into: &before)
    collect(new ?? old, into: &after)
  }

  private func makeDecoder(_ plan: InputPlan, isLate: Bool = false) -> InputDecoder {
    InputDecoder(
      plan, definitions: definitions, maxFutureSkew: isLate ? .max : nil, ofSetAside: isLate)
  }

  private func read(_ source: Source, into tasks: [AttributionTask]) throws {
    guard source.start < source.end else { return }
    var decoder = makeDecoder(source.plan)
    try log.readThrough(source.partition, of: source.plan, from: source.start) { record in
      guard record.offset < source.end else { return }
      // What is to be read is known in messages.
      if record.place.number == 0 { try didRead() }
      guard !source.late.contains(record.place) else { return }
      try apply(
        InputRecord(record, withHeaders: source.plan.needsHeaders), &decoder, to: tasks)
    }
  }

  /// - Parameter onCounted: gets the event as it came, if it counts in the last of the tasks, and that task.
  private func apply(
    _ record: InputRecord, _ decoder: inout InputDecoder, to tasks: [AttributionTask],
    onCounted: (UnsafePointer<Event>, AttributionTask) throws -> Void = { _, _ in }
  ) throws {
    decoder.recycle()
    var event = Event(kind: decoder.plan.kinds[0], time: 0, eventID: .empty, userID: .empty)
    guard try decoder.decode(record, into: &event) == .event else { return }
    let original = event
    // That it was not too late has been decided.
    event.originalTime = nil
    if !slice.events.contains(event.time) {
      guard event.version > 0 else { return }
      // Here its id counts for nothing. At the edge, where no conversion is looked at.
      event.isDeleted = true
      event.time = slice.events.lowerBound
    }
    guard let key = tasks.first?.key else { return }
    let identity = EventIdentity(event, key)
    var outcome = Outcome.duplicate
    for task in tasks { withUnsafePointer(to: event) { outcome = task.apply($0, identity) } }
    if outcome.hasCounted, let last = tasks.last {
      try withUnsafePointer(to: original) { try onCounted($0, last) }
    }
  }

  private func collect(_ task: AttributionTask, into sums: inout WindowSums) {
    task.forEachDelta { delta in
      let view = definitions.views[delta.view]
      guard slice.contains(windowFrom: delta.windowStart, of: view) else { return }
      var key: [UInt8] = []
      RollupKeyCodec.encode(view, windowStart: delta.windowStart, into: &key) {
        delta.value($0)
      }
      sums.add(
        delta.sums.map { Int128($0) },
        to: WindowSums.Window(key: key, view: delta.view, start: delta.windowStart))
    }
  }
}
