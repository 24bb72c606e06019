import Cluster
import Configuration
import Kafka
import Logging
import SQLSink

/// A topic on its way into a database, and how far the database has it.
final class SinkSource {
  private let topic: String
  private let follower: TopicFollower
  private var saved: [Int32: Int64]

  init(
    _ topic: String, _ store: any SQLStore, _ settings: Configuration, logger: Logger
  ) throws {
    self.topic = topic
    saved = try store.savedOffsets(of: topic)
    follower = try TopicFollower(topic, from: saved, settings, logger: logger)
  }

  var isCaughtUp: Bool { follower.isCaughtUp }

  /// A record that cannot be read ends the sink: a table that lacks it would be wrong without saying.
  func read(_ body: (Record) throws -> Void) throws -> Int {
    try follower.read { record in
      do { try body(record) } catch {
        throw OperatorError(
          "record \(record.offset) of \(topic) [\(record.partition)] cannot be read: \(error)")
      }
    }
  }

  /// What has been read since the last save.
  func steps() -> [SinkBatch.Step] {
    follower.positions.sorted { $0.key < $1.key }.compactMap { partition, position in
      guard position > saved[partition] ?? 0 else { return nil }
      return SinkBatch.Step(
        topic: topic, partition: partition, from: saved[partition], through: position)
    }
  }

  func markSaved() {
    for step in steps() { saved[step.partition] = step.through }
  }

  func wait(milliseconds: Int32) { follower.wait(milliseconds: milliseconds) }
  func close() { follower.close() }
}
