import Attribution
import Cluster
import Configuration
import Foundation
import Kafka
import Pipeline

/// What backfills have done: which of the late events no longer wait.
///
/// Lives in a compacted topic of one partition, `<application_id>-backfills`, and is written in the
/// transactions that publish: an event is counted and no longer waits, or neither.
public struct BackfillLedger: Sendable {
  /// A slice of event time whose late events have been counted.
  struct Chunk: Codable, Equatable, Sendable {
    /// First event time, in milliseconds.
    var from: Milliseconds
    /// The event time behind the last.
    var to: Milliseconds
    /// Per partition of the late events: the first offset that was not seen.
    var through: [Int64]
    /// Tasks that had not come far enough, and the event time from which on theirs still wait.
    var before: [String: Milliseconds]
  }

  /// A backfill that has begun, and how far it has come.
  struct Run: Codable, Equatable, Sendable {
    var from: Milliseconds
    var to: Milliseconds
    var fill: BackfillScope?
    /// Everything before this event time is done.
    var doneThrough: Milliseconds
  }

  private(set) var chunks: [String: Chunk] = [:]
  private(set) var unfinished: Run?

  private static let runKey = "run"

  public init() {}

  /// Reads the ledger; empty where no backfill has ever run.
  public init(_ configuration: Configuration, from log: any ArchiveLog) throws {
    for partition in try log.partitions(of: configuration.backfillsTopic) {
      try log.readThrough(partition) { try take(key: $0.key, value: $0.value) }
    }
  }

  /// Takes a record of the topic, in order.
  mutating func take(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) throws {
    guard let key else { return }
    let name = String(decoding: key, as: UTF8.self)
    guard !ReplayLedger.isOurs(name) else { return }
    let decoder = JSONDecoder()
    if name == Self.runKey {
      unfinished = try value.map { try decoder.decode(Run.self, from: Data($0)) }
    } else {
      chunks[name] = try value.map { try decoder.decode(Chunk.self, from: Data($0)) }
    }
  }

  /// Whether a backfill has counted a late event.
  ///
  /// - Parameters:
  ///   - place: where it is in the late events.
  ///   - task: whose it is.
  package func hasCounted(_ place: RecordPosition, at time: Milliseconds, of task: TaskID)
    -> Bool
  {
    chunks.values.contains { chunk in
      chunk.from <= time && time < min(chunk.to, chunk.before[task.description] ?? .max)
        && Int(place.partition) < chunk.through.count
        && place.offset < chunk.through[Int(place.partition)]
    }
  }

  /// Whether backfills have counted all of a late event: of one that corrects its time, where it is now and where
  /// it was.
  package func hasCounted(_ place: RecordPosition, _ event: Event, of task: TaskID) -> Bool {
    hasCounted(place, at: event.time, of: task)
      && (event.originalTime.map { hasCounted(place, at: $0, of: task) } ?? true)
  }

  // MARK: Writing

  /// - Parameter producer: nil to remember it only.
  mutating func note(_ chunk: Chunk, to producer: (any LogProducer)?, _ topic: String) throws {
    let key = "\(chunk.from)|\(chunk.to)"
    chunks[key] = chunk
    if let producer { try produce(key, try JSONEncoder().encode(chunk), to: producer, topic) }
  }

  mutating func note(_ run: Run, to producer: any LogProducer, _ topic: String) throws {
    unfinished = run.doneThrough < run.to ? run : nil
    try produce(
      Self.runKey, unfinished == nil ? nil : try JSONEncoder().encode(run), to: producer, topic)
  }

  private func produce(
    _ key: String, _ value: Data?, to producer: any LogProducer, _ topic: String
  ) throws {
    try Array(key.utf8).withUnsafeBytes { key in
      try (value ?? Data()).withUnsafeBytes { bytes in
        try producer.produce(
          topic, partition: 0, key: key, value: value == nil ? nil : bytes, timestamp: nil,
          headers: [])
      }
    }
  }
}
