import Attribution
import Cluster
import Configuration
import Inputs
import Kafka
import Pipeline

/// The late events around a period, by task, and which records of the inputs have not been counted.
struct LateEventIndex {
  private struct Entry {
    let position: RecordPosition
    /// When it happened, and when it was believed to have happened.
    let times: [Milliseconds]
    let plan: InputPlan
    let record: KeptInputRecord
  }

  /// The late events of a slice that take part in it.
  struct Selection {
    var events: [Recomputation.KeptLateEvent] = []
    /// How many of them are counted only now.
    var countedCount = 0
    /// How many must wait.
    var waitingCount = 0
  }

  /// Records that are not counted as they come.
  private(set) var places: [TopicPartition: Set<RecordPlace>] = [:]
  /// Where each partition of the late events ended.
  private(set) var ends: [Int64] = []
  /// Conversions of which versions are among the late events.
  private(set) var restated: Set<[UInt8]> = []
  private var entries: [TaskID: [Entry]] = [:]

  /// - Parameter period: the event times that are recomputed.
  init(
    _ configuration: Configuration, _ plans: InputPlans, around period: Range<Milliseconds>,
    from log: any ArchiveLog
  ) throws {
    let span = 4 * BackfillSlice.dependencySpan(configuration.definitions)
    var reader = LateEvents(configuration, plans)
    ends = try reader.forEach(from: log) { late in
      let input = TopicPartition(topic: late.topic, partition: late.record.partition)
      places[input, default: []].insert(late.source)
      if late.event.kind == .conversion, late.event.version > 0 {
        restated.insert(Array(late.event.eventID.buffer))
      }
      let times = [late.event.time] + (late.event.originalTime.map { [$0] } ?? [])
      guard
        times.contains(where: { $0 >= period.lowerBound - span && $0 < period.upperBound + span })
      else { return }
      entries[late.task, default: []].append(
        Entry(
          position: late.place, times: times, plan: plans.plan(of: late.topic)!,
          record: KeptInputRecord(late.record)))
    }
    // What the processor's clock has refused has not been counted either, whatever the clock shows now.
    for partition in try log.partitions(of: configuration.topics.deadLetters) {
      try log.readThrough(partition) { record in
        guard let source = RefusedEvent.source(of: record) else { return }
        places[source.partition, default: []].insert(source.place)
      }
    }
  }

  /// The late events of a task that take part in a slice.
  ///
  /// - Parameters:
  ///   - ledger: knows which have been counted.
  ///   - limit: later ones must wait; nil counts none that has not been counted.
  func events(
    of task: TaskID, in slice: BackfillSlice, _ ledger: BackfillLedger, before limit: Watermark?
  ) -> Selection {
    var selection = Selection()
    for entry in entries[task] ?? [] {
      let time = entry.times.first { $0 >= slice.from && $0 < slice.to } ?? entry.times[0]
      let isCounted = ledger.hasCounted(entry.position, at: time, of: task)
      let isOfSlice = time >= slice.from && time < slice.to
      if isCounted {
        selection.events.append(
          .init(plan: entry.plan, record: entry.record, isNew: false, place: entry.position))
      } else if let limit, isOfSlice, time < limit.time {
        selection.events.append(
          .init(plan: entry.plan, record: entry.record, isNew: true, place: entry.position))
        // One that corrects its time is looked at where it was, too.
        if time == entry.times[0] { selection.countedCount += 1 }
      } else if limit != nil, isOfSlice {
        selection.waitingCount += 1
      }
    }
    return selection
  }
}
