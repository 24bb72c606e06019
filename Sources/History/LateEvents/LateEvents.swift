// Safety: an event lends bytes of its record, for one call.

import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka
import Pipeline

/// Reads the late events.
public struct LateEvents {
  private let topic: String
  private let inputs: [String: TopicPlan.InputTopic]
  private var decoders: [String: InputDecoder]

  /// - Parameter plans: of the configuration's inputs.
  public init(_ configuration: Configuration, _ plans: InputPlans) {
    topic = configuration.topics.lateEvents
    inputs = Dictionary(uniqueKeysWithValues: configuration.inputTopics.map { ($0.name, $0) })
    let definitions = configuration.definitions
    decoders = Dictionary(
      uniqueKeysWithValues: plans.plans.map {
        // That it was not from the future has been decided.
        (
          $0.topic,
          InputDecoder($0, definitions: definitions, maxFutureSkew: .max, ofSetAside: true)
        )
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
    guard record.value != nil, let input = header("source_topic").flatMap({ inputs[$0] }),
      let partition = header("source_partition").flatMap({ Int32($0) }),
      let offset = header("source_offset").flatMap({ Int64($0) })
    else { return }
    let number = header(SideHeaders.sourceNumber).flatMap { Int32($0) } ?? 0
    // Behind those that it came with stand ours, the reason first.
    let source = InputRecord(
      partition: partition, offset: offset, timestamp: record.timestamp, key: record.key,
      value: record.value,
      headers: headers[..<(headers.lastIndex { $0.name == "reason" } ?? headers.count)].map {
        (name: $0.name, value: $0.value)
      }, number: number)
    var event = Event(kind: input.kinds[0], time: 0, eventID: .empty, userID: .empty)
    decoders[input.name]!.recycle()
    guard try decoders[input.name]!.decode(source, into: &event) == .event else { return }
    try body(
      LateEvent(
        place: .init(partition: record.partition, offset: record.offset),
        source: RecordPlace(offset: offset, number: number), topic: input.name,
        arrival: record.timestamp, event: event, record: source,
        task: TaskID(isCosts: input.isCosts, partition: partition)))
  }
}
