import Cluster
import Configuration
import Foundation
import Kafka

/// A moment at which everything that the processor has taken in is also published, and how to tell
/// that it has not moved on since.
///
/// Comparing needs one: while the processor works, what is published belongs to no single point of
/// the inputs.
final class QuiescentPoint {
  private let reader: TopicReader
  private let inputs: [TopicPartition]
  private let deltas: [TopicPartition]
  private let outputs: [TopicPartition]
  private let attributionGroup: String
  private let rollupGroup: String
  private let rekeyGroup: String
  private let sources: [TopicPartition]
  private let keyedTopics: Set<String>

  init(_ configuration: Configuration, reader: TopicReader) throws {
    self.reader = reader
    attributionGroup = "\(configuration.applicationID)-attribution"
    rollupGroup = "\(configuration.applicationID)-rollups"
    rekeyGroup = "\(configuration.applicationID)-rekey"
    keyedTopics = Set(configuration.rekeyings { _ in 0 }.map(\.target))
    sources = try reader.partitions(of: Set(configuration.rekeyedTopics.map(\.name)).sorted())
    inputs = try reader.partitions(of: configuration.inputTopics.map(\.name))
    deltas = try reader.partitions(of: [configuration.deltasTopic])
    let topics = configuration.topics
    outputs = try reader.partitions(
      of: [topics.rollups, topics.attributions, topics.deadLetters, topics.lateEvents]
        + (topics.accepted.map { [$0] } ?? []))
  }

  /// What the re-keying stage has committed; empty where nothing is re-keyed.
  func rekeyed() throws -> [TopicPartition: Int64] {
    sources.isEmpty ? [:] : try reader.committed(sources, by: rekeyGroup)
  }

  /// Where the topics that are re-keyed end now.
  func sourceEnds() throws -> [TopicPartition: Int64] {
    sources.isEmpty ? [:] : try reader.ends(of: sources)
  }

  /// What the attribution stage has committed; partitions without a committed offset are absent.
  func processed() throws -> [TopicPartition: Int64] {
    try reader.committed(inputs, by: attributionGroup)
  }

  /// Where the inputs end now.
  func inputEnds() throws -> [TopicPartition: Int64] { try reader.ends(of: inputs) }

  /// Where the published topics end now.
  func outputEnds() throws -> [TopicPartition: Int64] { try reader.ends(of: outputs) }

  /// Waits until everything that has been taken in is published.
  ///
  /// - Parameter wantsInputs: whether to wait, if there is time, for all of the inputs to be taken in.
  /// - Returns: what the attribution stage had committed by then.
  func wait(_ timeout: Duration, wantsInputs: Bool) throws -> [TopicPartition: Int64] {
    let deadline = ContinuousClock.now + timeout
    while true {
      let processed = try processed()
      let obstacle = try obstacle()
      let isEnough =
        try !wantsInputs
        || firstUnread(sources, after: rekeyed()) == nil
          && firstUnread(inputs, after: processed) == nil
      if obstacle == nil && isEnough { return processed }
      if ContinuousClock.now >= deadline {
        guard let obstacle else { return processed }
        throw OperatorError(
          "\(obstacle), so there is nothing exact to compare with: while the processor works, stop "
            + "the traffic or let SIGTERM end the processor; if it was killed, start it again; "
            + "--wait gives it longer")
      }
      Thread.sleep(forTimeInterval: 0.2)
    }
  }

  /// Why what is published is not yet all; nil when it is.
  private func obstacle() throws -> String? {
    let writable = outputs + deltas
    let committed = try reader.ends(of: writable)
    let all = try reader.uncommittedEnds(of: writable)
    if let open = writable.first(where: { committed[$0] ?? 0 < all[$0] ?? 0 }) {
      return "a transaction is still open in \(open)"
    }
    if !sources.isEmpty, let unread = try firstUnread(inputs, after: processed()) {
      return "the attribution stage has not taken in all of \(unread) yet"
    }
    let consumed = try reader.committed(deltas, by: rollupGroup)
    guard let unread = try firstUnread(deltas, after: consumed) else { return nil }
    return "the rollup stage has not taken in all of \(unread) yet"
  }

  /// Whether somebody has sent it: what the sources of re-keyed events say of themselves goes on and on.
  private func isRecord(_ record: Record, of partition: TopicPartition) -> Bool {
    record.key != nil || !keyedTopics.contains(partition.topic)
  }

  /// Whether the processor has taken in more than this.
  func hasGoneOn(
    since processed: [TopicPartition: Int64], _ rekeyed: [TopicPartition: Int64]
  ) throws -> Bool {
    guard try self.rekeyed() == rekeyed else { return true }
    for (partition, offset) in try self.processed() where offset != processed[partition] {
      guard keyedTopics.contains(partition.topic) else { return true }
      var hasRecord = false
      try reader.read(through: [partition: offset], from: processed[partition] ?? 0) { _, record in
        hasRecord = isRecord(record, of: partition)
        return !hasRecord
      }
      if hasRecord { return true }
    }
    return false
  }

  /// The first partition with a record at or after its offset (0 when it has none). Transactions'
  /// marks are no records.
  private func firstUnread(
    _ partitions: [TopicPartition], after offsets: [TopicPartition: Int64]
  ) throws -> TopicPartition? {
    let ends = try reader.ends(of: partitions)
    for partition in partitions {
      let offset = offsets[partition] ?? 0
      guard let end = ends[partition], offset < end else { continue }
      var hasRecord = false
      try reader.read(through: [partition: end], from: offset) { _, record in
        hasRecord = isRecord(record, of: partition)
        return !hasRecord
      }
      if hasRecord { return partition }
    }
    return nil
  }
}
