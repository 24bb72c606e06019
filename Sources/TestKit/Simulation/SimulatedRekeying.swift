import Attribution
import Cluster
import Configuration
import Inputs
import Kafka
import Traffic
import Verification

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

  /// These inputs, with the topics that have any of the kinds re-keyed.
  func inputs(_ entries: [InputEntry]) -> [InputEntry] {
    let topics = Set(entries.filter { kinds.contains($0.kind) }.compactMap(\.topic))
    return entries.map { entry in
      guard let topic = entry.topic, topics.contains(topic) else { return entry }
      var entry = entry
      entry.rekey = true
      return entry
    }
  }
}

extension Simulation {
  /// A header of every record of a re-keyed topic, which stays with it: where it was appended.
  private static let placeHeader = "place"

  var rekeyedTopics: [TopicPlan.InputTopic] { configuration.rekeyedTopics }

  /// The topics that are re-keyed, for the verification.
  var rekeyedPlans: [VerificationPass.RekeyedSource] {
    // A form of the simulation's own, without schemas.
    try! InputPlans(configuration).rekeyed.map { .init($0) }
  }

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
  func append(
    _ record: GeneratedRecord, _ value: [UInt8], toSource topic: String, partition: Int32? = nil
  ) -> (TopicPartition, Int64) {
    let count = Int32(log.partitionCount(of: topic))
    let hasKeys = rekeying?.hasKeys ?? true
    let number =
      partition != nil
      ? partition!
      : hasKeys
        ? record.key.withUnsafeBytes { StandardPartitioner.partition(key: $0, count: count) }
        : Int32(scatter.below(Int64(count)))
    let name = TopicPartition(topic: topic, partition: number)
    let offset = log.end(of: name)
    let headers = [
      Header(name: Self.placeHeader, value: Array("\(number) \(offset)".utf8))
    ]
    if hasKeys {
      log.append(
        name, key: record.key, value: value, timestamp: record.timestamp, headers: headers)
    } else {
      log.append(name, value: value, timestamp: record.timestamp, headers: headers)
    }
    return (name, offset)
  }

  /// What is wrong with the internal topics of re-keyed events: each record of a source must be there once, in
  /// the order of its partition, with its headers.
  package func complaintAboutRekeying() -> String? {
    var seen: Set<String> = []
    for rekeying in plan.rekeyings {
      let target = rekeying.target
      for number in 0..<Int32(log.partitionCount(of: target)) {
        var last: [Substring: Int64] = [:]
        var complaint: String?
        forEachPassedOn(TopicPartition(topic: target, partition: number)) { record in
          guard record.key != nil else { return }
          let header = record.headers().first { $0.name == Self.placeHeader }?.value
          guard let header else {
            complaint = "a record of \(target) has lost its headers"
            return
          }
          let place = "\(rekeying.source) " + String(decoding: header, as: UTF8.self)
          let parts = place.split(separator: " ")
          if !seen.insert(place).inserted { complaint = "\(place) was passed on twice" }
          let offset = Int64(parts[2])!
          if offset <= last[parts[1]] ?? -1 {
            complaint = "\(place) came behind offset \(last[parts[1]]!)"
          }
          last[parts[1]] = offset
        }
        if let complaint { return complaint }
      }
    }
    return nil
  }

  /// Every record of an internal topic's partition that was ever there, whatever message it came in.
  package func forEachPassedOn(_ name: TopicPartition, _ body: (Record) -> Void) {
    // Nobody else writes there, so that no format is unknown.
    log.forEachRecordEver(of: name) { try! $0.forEachPacked(of: name, body) }
  }

  /// Whether everything of a topic's partition before a group's offset holds no event any more.
  func hasOnlyWords(_ name: TopicPartition, from offset: Int64) -> Bool {
    var hasEvent = false
    log.forEachRecord(of: name, from: offset) { if $0.key != nil { hasEvent = true } }
    return !hasEvent
  }
}
