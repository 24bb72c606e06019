// Safety: an event lends bytes of its record, for one call.

import Attribution
import Cluster
import Codec
import Configuration
import Kafka
import Pipeline

/// An event that came too late and waits, or has waited, for a backfill.
public struct LateEvent {
  /// A record's place in a topic.
  public struct Place: Hashable, Sendable {
    public var partition: Int32
    public var offset: Int64

    public init(partition: Int32, offset: Int64) {
      self.partition = partition
      self.offset = offset
    }
  }

  /// Where it is among the late events.
  public var place: Place
  /// Where it came from, in the input of its kind.
  public var source: Place
  /// When it arrived: the record's own timestamp, in milliseconds.
  public var arrival: Milliseconds
  public var event: Event
  public var value: UnsafeRawBufferPointer

  var task: TaskName { TaskName(event.kind, partition: source.partition) }
}

/// Reads the late events.
public struct LateEvents {
  private let topic: String
  private let kinds: [String: EventKind]
  private var decoders: [EventKind: EventDecoder]

  public init(_ configuration: Configuration) {
    topic = configuration.topics.lateEvents
    kinds = Dictionary(uniqueKeysWithValues: configuration.inputTopics.map { ($0.name, $0.kind) })
    let definitions = configuration.definitions
    decoders = Dictionary(
      uniqueKeysWithValues: EventKind.allCases.map {
        // That it was not from the future has been decided.
        ($0, EventDecoder(kind: $0, definitions: definitions, maxFutureSkew: .max))
      })
  }

  /// Visits every late event of the inputs that are configured, partition by partition.
  ///
  /// - Returns: per partition, where it ended.
  @discardableResult
  public mutating func forEach(
    from log: any ArchiveLog, _ body: (LateEvent) throws -> Void
  ) throws -> [Int64] {
    let partitions = try log.partitions(of: topic)
    let ends = try log.ends(of: partitions)
    for partition in partitions {
      let end = ends[partition] ?? 0
      try log.readThrough(partition) { record in
        guard record.offset < end else { return }
        try visit(record, body)
      }
    }
    return partitions.map { ends[$0] ?? 0 }
  }

  private mutating func visit(_ record: Record, _ body: (LateEvent) throws -> Void) throws {
    let headers = record.headers()
    func header(_ name: String) -> String? {
      // A record may have brought headers of these names with it; ours come behind.
      headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
    guard let value = record.value, let kind = header("source_topic").flatMap({ kinds[$0] }),
      let partition = header("source_partition").flatMap({ Int32($0) }),
      let offset = header("source_offset").flatMap({ Int64($0) })
    else { return }
    var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
    decoders[kind]!.recycle()
    guard decoders[kind]!.decode(value, recordTimestamp: -1, into: &event) == nil else { return }
    try body(
      LateEvent(
        place: .init(partition: record.partition, offset: record.offset),
        source: .init(partition: partition, offset: offset), arrival: record.timestamp,
        event: event, value: value))
  }
}
