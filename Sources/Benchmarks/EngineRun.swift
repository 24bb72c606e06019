// Safety: `events` and `identities` hold a batch; both are indexed below its size.

import Attribution
import Codec

/// One task over the workload: warmed up until it forgets as much as it remembers, then measured.
final class EngineRun {
  /// Records between two commits.
  static let commit = 50_000
  /// Records decoded at a time, as an input does.
  private static let batch = 1_024
  let task: AttributionTask
  private var workload: Workload
  private var decoders: Decoders
  private let chunk = Chunk()
  private let events = UnsafeMutablePointer<Event>.allocate(capacity: batch)
  private let identities = UnsafeMutablePointer<EventIdentity>.allocate(capacity: batch)
  /// Keeps the effects from being optimised away.
  private(set) var effects = 0

  init(_ options: Workload.Options) {
    let definitions = Definitions()
    task = AttributionTask(
      definitions: definitions, kinds: [.click, .conversion], secret: .ofBenchmarks)
    workload = Workload(options)
    decoders = Decoders(definitions)
    events.initialize(
      repeating: Event(kind: .click, time: 0, eventID: .empty, userID: .empty),
      count: EngineRun.batch)
    forEachChunk(of: options.warmUp) { chunk in
      chunk.withEvents { apply($0) }
      commit()
    }
  }

  deinit {
    events.deallocate()
    identities.deallocate()
  }

  /// The engine alone, on events decoded beforehand.
  func measureEngine(events count: Int) -> Timing {
    var stopwatch = Stopwatch()
    forEachChunk(of: count) { chunk in
      chunk.withEvents { events in
        stopwatch.start()
        apply(events)
        commit()
        stopwatch.stop()
      }
    }
    return Timing(events: count, stopwatch)
  }

  /// From the records' bytes through the decoder into the engine.
  func measureBytes(events count: Int) -> Timing {
    var stopwatch = Stopwatch()
    forEachChunk(of: count) { chunk in
      chunk.withRecords { records in
        stopwatch.start()
        apply(records)
        commit()
        stopwatch.stop()
      }
    }
    return Timing(events: count, stopwatch)
  }

  private func forEachChunk(of count: Int, _ body: (Chunk) -> Void) {
    var rest = count
    while rest > 0 {
      workload.fill(chunk, min(rest, EngineRun.commit))
      rest -= chunk.count
      body(chunk)
    }
  }

  /// Applies events as a task of the pipeline does: ids hashed and prefetched batch by batch.
  private func apply(_ events: UnsafeBufferPointer<Event>) {
    var accepted = 0
    var start = 0
    let key = task.key
    while start < events.count {
      let end = min(start + EngineRun.batch, events.count)
      for index in start..<end {
        identities[index - start] = EventIdentity(events.baseAddress! + index, key)
      }
      for index in start..<min(end, start + AttributionTask.prefetchDistance) {
        task.prefetch(identities[index - start], events[index].kind)
      }
      for index in start..<end {
        let far = index + AttributionTask.prefetchDistance
        if far < end { task.prefetch(identities[far - start], events[far].kind) }
        let near = index + AttributionTask.journeyDistance
        if near < end { task.prefetchJourney(identities[near - start]) }
        if task.apply(events.baseAddress! + index, identities[index - start]).isAccepted {
          accepted += 1
        }
      }
      start = end
    }
    effects += accepted
  }

  private func apply(_ records: UnsafeBufferPointer<LentRecord>) {
    var start = 0
    while start < records.count {
      let end = min(start + EngineRun.batch, records.count)
      var decoded = 0
      for index in start..<end
      where decoders.decode(records[index], into: &events[decoded]) == nil {
        decoded += 1
      }
      apply(UnsafeBufferPointer(start: events, count: decoded))
      start = end
    }
  }

  private func commit() {
    task.forEachCorrectedConversion { effects += $0.touches.count }
    task.forEachDelta { effects += $0.sums.count }
    task.endCommit()
  }
}
