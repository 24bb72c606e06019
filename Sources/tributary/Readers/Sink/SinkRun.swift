import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Kafka
import Logging
import Reporting
import SQLSink

/// Reads the rollups and attributions from where a database left them, into the database.
final class SinkRun: Sendable {
  struct Summary {
    var records = 0
    var transactions = 0
    var seconds = 0.0
  }

  /// Changes in one transaction: enough to amortise it, few enough to keep in memory.
  private static let batchSize = 50_000
  /// How old a change may get before it is committed.
  private static let commitInterval = Duration.milliseconds(500)

  private let settings: Configuration
  private let target: SQLTarget
  private let stopsAtEnd: Bool
  private let logger: Logger
  private let stopFlag = StopFlag()

  init(_ settings: Configuration, _ target: SQLTarget, stopsAtEnd: Bool, logger: Logger) {
    self.settings = settings
    self.target = target
    self.stopsAtEnd = stopsAtEnd
    self.logger = logger
  }

  /// Has `run` return after the open transaction. Any thread.
  func stop() { stopFlag.raise() }

  /// Runs until it is stopped, or has caught up if that is wanted.
  ///
  /// A connection that is lost later is made again, and reading resumes at the saved offsets.
  func run() throws -> Summary {
    var summary = Summary()
    let began = ContinuousClock.now
    var pause = 1.0
    /// A database that never answered is a mistake to tell; one that did will come back.
    var wasConnected = false
    while !stopFlag.isRaised {
      do {
        let before = summary.transactions
        defer { if summary.transactions > before { pause = 1 } }
        try pass(&summary) { wasConnected = true }
        break
      } catch SQLError.disconnected(let reason) where wasConnected {
        logger.warning("\(SQLError.disconnected(reason)); trying again in \(Int(pause)) s")
        for _ in 0..<Int(pause * 5) where !stopFlag.isRaised { Thread.sleep(forTimeInterval: 0.2) }
        pause = min(pause * 2, 30)
      }
    }
    summary.seconds = began.duration(to: .now) / .seconds(1)
    return summary
  }

  private func pass(_ summary: inout Summary, onConnect: () -> Void) throws {
    let store = try target.open(settings.definitions)
    defer { store.close() }
    try store.migrate()
    onConnect()
    let rollups = try SinkSource(settings.topics.rollups, store, settings, logger: logger)
    defer { rollups.close() }
    let attributions = try SinkSource(settings.topics.attributions, store, settings, logger: logger)
    defer { attributions.close() }
    let reader = RollupsRecordReader(definitions: settings.definitions)

    var batch = SinkBatch()
    var lastCommit = ContinuousClock.now
    while true {
      var count = try rollups.read { record in
        batch.add(try reader.read(key: record.key, value: record.value))
      }
      count += try attributions.read { record in
        guard let key = record.key else { return }
        let attribution = try record.value.map { try AttributionCodec.decode($0) }
        batch.add(attribution, of: Array(key))
      }
      summary.records += count
      let isOver =
        stopFlag.isRaised || (stopsAtEnd && rollups.isCaughtUp && attributions.isCaughtUp)
      let isDue =
        count == 0 || batch.count >= Self.batchSize
        || lastCommit.duration(to: .now) >= Self.commitInterval && rollups.isCaughtUp
      if isOver || (isDue && batch.count > 0) {
        batch.steps = rollups.steps() + attributions.steps()
        if !batch.steps.isEmpty {
          try store.apply(batch)
          summary.transactions += 1
        }
        rollups.markSaved()
        attributions.markSaved()
        batch = SinkBatch()
        lastCommit = .now
      }
      if isOver { return }
      if count == 0 { rollups.wait(milliseconds: 50) }
    }
  }
}

/// A topic on its way into a database, and how far the database has it.
private final class SinkSource {
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
        throw Failure(
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
