import Attribution
import Cluster
import Configuration
import Kafka
import Traffic

/// Which inputs of a simulation come in topics that are keyed otherwise, and how those look.
package struct SimulatedRekeying: Sendable {
  package var kinds: Set<EventKind>
  package var sourcePartitions: Int
  /// Whether records have their usual keys, among another number of partitions; or none, anywhere.
  package var hasKeys: Bool

  package init(kinds: Set<EventKind>, sourcePartitions: Int, hasKeys: Bool) {
    self.kinds = kinds
    self.sourcePartitions = sourcePartitions
    self.hasKeys = hasKeys
  }

  init?(_ random: inout SeededRandom) {
    guard random.below(4) == 0 else { return nil }
    let sets: [Set<EventKind>] = [
      [.click], [.conversion], [.click, .conversion], [.impression, .click, .conversion, .cost],
    ]
    kinds = sets[Int(random.below(4))]
    sourcePartitions = 1 + Int(random.below(5))
    hasKeys = random.below(2) == 0
  }

  /// The inputs of a configuration with these.
  func inputs(_ topics: Configuration.Topics) -> [InputEntry] {
    EventKind.allCases.compactMap { kind in
      guard let topic = topics.input(of: kind) else { return nil }
      guard kinds.contains(kind) else { return InputEntry(kind: kind, source: .topic(topic)) }
      var entry = InputEntry(kind: kind, source: .topic("foreign-\(kind)"))
      entry.rekey = true
      return entry
    }
  }
}

extension Simulation {
  /// A header of every record of a re-keyed topic, which stays with it: where it was appended.
  private static let placeHeader = "place"

  var rekeyedTopics: [TopicPlan.InputTopic] { configuration.rekeyedTopics }

  /// Every partition of every topic that is re-keyed.
  var sourcePartitions: [TopicPartition] {
    rekeyedTopics.flatMap { topic in
      (0..<Int32(log.partitionCount(of: topic.name))).map {
        TopicPartition(topic: topic.name, partition: $0)
      }
    }
  }

  /// Appends a record to a topic that is re-keyed.
  ///
  /// - Returns: where it lies.
  @discardableResult
  func append(_ record: GeneratedRecord, toSource topic: String) -> (TopicPartition, Int64) {
    let count = Int32(log.partitionCount(of: topic))
    let hasKeys = rekeying?.hasKeys ?? true
    let number =
      hasKeys
      ? record.key.withUnsafeBytes { StandardPartitioner.partition(key: $0, count: count) }
      : Int32(scatter.below(Int64(count)))
    let name = TopicPartition(topic: topic, partition: number)
    let offset = log.end(of: name)
    let headers = [
      Header(name: Self.placeHeader, value: Array("\(number) \(offset)".utf8))
    ]
    if hasKeys {
      log.append(
        name, key: record.key, value: record.value, timestamp: record.timestamp, headers: headers)
    } else {
      log.append(name, value: record.value, timestamp: record.timestamp, headers: headers)
    }
    return (name, offset)
  }

  /// What is wrong with the internal topics of re-keyed events: each record of a source must be there once, in
  /// the order of its partition, with its headers.
  package func complaintAboutRekeying() -> String? {
    for topic in rekeyedTopics {
      let target = configuration.keyedTopic(topic.kind)
      var seen: Set<String> = []
      for number in 0..<Int32(log.partitionCount(of: target)) {
        var last: [Substring: Int64] = [:]
        var complaint: String?
        log.forEachRecordEver(of: TopicPartition(topic: target, partition: number)) { record in
          guard record.key != nil else { return }
          let header = record.headers().first { $0.name == Self.placeHeader }?.value
          guard let header else { return complaint = "a record of \(target) has lost its headers" }
          let place = String(decoding: header, as: UTF8.self)
          let parts = place.split(separator: " ")
          if !seen.insert(place).inserted { complaint = "\(topic.name) \(place) was passed on twice" }
          let offset = Int64(parts[1])!
          if offset <= last[parts[0]] ?? -1 {
            complaint = "\(topic.name) \(place) came behind offset \(last[parts[0]]!)"
          }
          last[parts[0]] = offset
        }
        if let complaint { return complaint }
      }
    }
    return nil
  }

  /// Whether everything of a topic's partition before a group's offset holds no event any more.
  func hasOnlyWords(_ name: TopicPartition, from offset: Int64) -> Bool {
    var hasEvent = false
    log.forEachRecord(of: name, from: offset) { if $0.key != nil { hasEvent = true } }
    return !hasEvent
  }
}
