import Attribution
import Codec
import Kafka
import Traffic

/// How far the events of a simulation have come.
struct EventTimes {
  /// The largest event time so far of records that can be used.
  private(set) var largest: Milliseconds = .min / 2
  private var decoders: [EventDecoder]

  init(_ definitions: Definitions) {
    decoders = EventKind.allCases.map { EventDecoder(kind: $0, definitions: definitions) }
  }

  mutating func note(_ record: GeneratedRecord) {
    var event = Event(kind: record.kind, time: 0, eventID: .empty, userID: .empty)
    let kind = Int(record.kind.rawValue)
    record.value.withUnsafeBytes { value in
      let rejection = decoders[kind].decode(
        value, recordTimestamp: record.timestamp, into: &event)
      if rejection == nil { largest = max(largest, event.time) }
    }
    decoders[kind].recycle()
  }
}

/// Where a record lies whose producer's clock was wrong.
struct Stray: Hashable {
  var source: TopicPartition
  var offset: Int64
}

extension Simulation {
  /// Where the records lie that were refused as events of the future.
  var recordsRefusedAsFuture: Set<Stray> {
    var refused: Set<Stray> = []
    log.forEachRecord(of: configuration.topics.deadLetters) { record in
      func header(_ name: String) -> String? {
        record.headers().first { $0.name == name }?.value
          .map { String(decoding: $0, as: UTF8.self) }
      }
      guard header("reason") == "future_event", let topic = header("source_topic"),
        let partition = header("source_partition").flatMap({ Int32($0) }),
        let offset = header("source_offset").flatMap({ Int64($0) })
      else { return }
      refused.insert(
        Stray(source: TopicPartition(topic: topic, partition: partition), offset: offset))
    }
    return refused
  }

  /// Whether the groups have committed all that the inputs hold.
  var hasReadInputs: Bool {
    let hasReadSources = sourcePartitions.allSatisfy { name in
      log.committed(name, by: "\(configuration.applicationID)-rekey") ?? 0 >= log.end(of: name)
    }
    return hasReadSources
      && configuration.inputTopics.allSatisfy { input in
        (0..<Int32(log.partitionCount(of: input.name))).allSatisfy { number in
          let name = TopicPartition(topic: input.name, partition: number)
          let committed = log.committed(name, by: "\(configuration.applicationID)-attribution") ?? 0
          return committed >= log.end(of: name)
            || (input.name == configuration.keyedTopic(input.kinds[0])
              && hasOnlyWords(name, from: committed))
        }
      }
  }
}
