import Cluster
import Configuration
import Kafka
import Logging
import SQLSink

/// A topic on its way into a database, and how far the database has it.
final class SinkSource {
  let topic: String
  private let follower: TopicFollower
  private var saved: [Int32: Int64]
  /// By partition, what has been read of epochs since the last save.
  private var epochs: [Int32: String] = [:]

  init(
    _ topic: String, from positions: [Int32: SavedPosition], _ settings: Configuration,
    logger: Logger
  ) throws {
    self.topic = topic
    saved = positions.mapValues(\.offset)
    follower = try TopicFollower(topic, from: saved, settings, isStrict: true, logger: logger)
  }

  var isCaughtUp: Bool { follower.isCaughtUp }

  /// A record that cannot be read ends the sink: a table that lacks it would be wrong without saying.
  func read(_ body: (Record) throws -> Void) throws -> Int {
    try follower.read { record in
      do { try body(record) } catch let error as TopicsStartedAnew { throw error } catch {
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
        topic: topic, partition: partition, from: saved[partition], through: position,
        epoch: epochs[partition])
    }
  }

  func note(epoch: String, of partition: Int32) { epochs[partition] = epoch }

  func markSaved() {
    for step in steps() { saved[step.partition] = step.through }
    epochs = [:]
  }

  func wait(milliseconds: Int32) { follower.wait(milliseconds: milliseconds) }
  func close() { follower.close() }
}

/// The rollups have been started from nothing, so that what was read before counts no more.
struct TopicsStartedAnew: Error {}
