// Safety: events lend bytes of their record and of the decoder, which live until the record is done with.

import Attribution
import Cluster
import Codec
import Configuration
import Kafka

/// Recomputes a stretch of event time by the engine itself, task by task: once as it has been counted,
/// and once with the late events that are to be counted now.
final class Recomputation {
  /// A partition of an input and the records to read of it.
  struct Source {
    var kind: EventKind
    var partition: TopicPartition
    var start: Int64
    /// The first offset that the processor has not committed.
    var end: Int64
    /// Offsets of records that came too late.
    var late: Set<Int64>
  }

  /// A late event, kept.
  struct KeptLateEvent {
    var kind: EventKind
    var value: [UInt8]
    /// Whether it is counted only now.
    var isNew: Bool
  }

  let stretch: Stretch
  private let definitions: Definitions
  private let log: any ArchiveLog
  private let didRead: () throws -> Void
  /// As counted, and as it will be.
  private(set) var before: WindowSums
  private(set) var after: WindowSums

  /// - Parameter didRead: called for every record; what it throws ends the work.
  init(
    _ stretch: Stretch, _ definitions: Definitions, log: any ArchiveLog,
    didRead: @escaping () throws -> Void
  ) {
    self.stretch = stretch
    self.log = log
    self.didRead = didRead
    var definitions = definitions
    // Whatever the order in which it is read: nothing is too late for itself.
    definitions.correctionHorizon = stretch.events.upperBound - stretch.events.lowerBound
    self.definitions = definitions
    before = WindowSums(modelCount: definitions.models.count)
    after = before
  }

  /// Recomputes one task.
  ///
  /// - Parameter body: gets every conversion of the task as it will be, lent.
  func run(
    _ sources: [Source], _ late: [KeptLateEvent], _ body: (CreditedConversion) throws -> Void
  ) throws {
    let kinds = Set(sources.map(\.kind))
    // Nothing of it is stored: a secret of the moment does.
    var random = SystemRandomNumberGenerator()
    let key = IdentityKey(IdentitySecret(using: &random))
    func makeTask() -> AttributionTask {
      AttributionTask(definitions: definitions, kinds: kinds, key: key)
    }
    let old = makeTask()
    let new = late.contains(where: \.isNew) ? makeTask() : nil
    for source in sources { try read(source, into: [old] + (new.map { [$0] } ?? [])) }
    for event in late {
      let tasks = (event.isNew ? [] : [old]) + (new.map { [$0] } ?? [])
      var decoder = makeDecoder(event.kind)
      event.value.withUnsafeBytes { apply($0, timestamp: -1, &decoder, event.kind, to: tasks) }
    }
    try (new ?? old).forEachCorrectedConversion(body)
    collect(old, into: &before)
    collect(new ?? old, into: &after)
  }

  private func makeDecoder(_ kind: EventKind) -> EventDecoder {
    EventDecoder(kind: kind, definitions: definitions)
  }

  private func read(_ source: Source, into tasks: [AttributionTask]) throws {
    guard source.start < source.end else { return }
    var decoder = makeDecoder(source.kind)
    try log.readThrough(source.partition, from: source.start) { record in
      guard record.offset < source.end else { return }
      try didRead()
      guard !source.late.contains(record.offset) else { return }
      apply(record.value, timestamp: record.timestamp, &decoder, source.kind, to: tasks)
    }
  }

  private func apply(
    _ value: UnsafeRawBufferPointer?, timestamp: Milliseconds, _ decoder: inout EventDecoder,
    _ kind: EventKind, to tasks: [AttributionTask]
  ) {
    decoder.recycle()
    var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
    guard decoder.decode(value, recordTimestamp: timestamp, into: &event) == nil,
      stretch.events.contains(event.time)
    else { return }
    guard let key = tasks.first?.key else { return }
    let identity = EventIdentity(event, key)
    for task in tasks { withUnsafePointer(to: event) { _ = task.apply($0, identity) } }
  }

  private func collect(_ task: AttributionTask, into sums: inout WindowSums) {
    task.forEachDelta { delta in
      let view = definitions.views[delta.view]
      guard stretch.contains(windowFrom: delta.windowStart, of: view) else { return }
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
