// Safety: events lend from a chunk during the call in which they are decoded.

import Attribution
import Codec
import Configuration
import Inputs

/// Decoding alone: records in our own form, and the same events in a foreign form through a mapping.
struct DecodeRun {
  /// Records between two calls of `recycle`, as an input has.
  private static let batch = 1_024
  private static let chunkSize = 50_000

  private var own: Workload
  private var foreign: Workload
  private var decoders: Decoders
  private var mapped: InputDecoder
  private let chunk = Chunk()
  /// Keeps the events from being optimised away.
  private(set) var effects: Milliseconds = 0

  init(_ options: Workload.Options) throws {
    own = Workload(options)
    var foreignOptions = options
    foreignOptions.isForeign = true
    foreign = Workload(foreignOptions)
    let configuration = try Configuration.load(
      file: nil, environment: [:],
      overrides: [.setting(path: "inputs", value: Workload.mapping, flag: "bench")])
    guard let plan = try InputPlans(configuration).plan(of: "events") else {
      preconditionFailure("the mapping is of this topic")
    }
    decoders = Decoders(configuration.definitions)
    mapped = InputDecoder(plan, definitions: configuration.definitions)
  }

  /// How long so many events take in our own form.
  mutating func measureOwn(events count: Int) -> Timing {
    var stopwatch = Stopwatch()
    var rest = count
    while rest > 0 {
      own.fill(chunk, min(rest, Self.chunkSize))
      rest -= chunk.count
      chunk.withRecords { records in
        stopwatch.start()
        var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
        for (index, record) in records.enumerated() {
          if index % Self.batch == 0 { decoders.recycle() }
          precondition(decoders.decode(record, into: &event) == nil)
          effects &+= event.time
        }
        stopwatch.stop()
      }
    }
    return Timing(events: count, stopwatch)
  }

  /// How long the same events take through the mapping.
  mutating func measureMapped(events count: Int) throws -> Timing {
    var stopwatch = Stopwatch()
    var rest = count
    while rest > 0 {
      foreign.fill(chunk, min(rest, Self.chunkSize))
      rest -= chunk.count
      try chunk.withRecords { records in
        stopwatch.start()
        var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
        for (index, record) in records.enumerated() {
          if index % Self.batch == 0 { mapped.recycle() }
          let reading = try mapped.decode(
            InputRecord(
              partition: 0, offset: 0, timestamp: -1, key: nil, value: record.value), into: &event)
          precondition(reading == .event)
          effects &-= event.time
        }
        stopwatch.stop()
      }
    }
    return Timing(events: count, stopwatch)
  }
}
