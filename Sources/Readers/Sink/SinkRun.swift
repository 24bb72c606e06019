import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Inputs
import Kafka
import Logging
import Reporting
import SQLSink
import Synchronization

/// Reads the rollups and attributions from where a database left them, into the database.
public final class SinkRun: Sendable {
  public struct Summary: Sendable {
    public var records = 0
    public var transactions = 0
    public var seconds = 0.0
  }

  /// Changes in one transaction: enough to amortise it, few enough to keep in memory.
  private static let batchSize = 50_000
  /// How old a change may get before it is committed.
  private static let commitInterval = Duration.milliseconds(500)

  private let settings: Configuration
  private let target: SQLTarget
  private let stopsAtEnd: Bool
  private let logger: Logger
  private let isStopped = Atomic(false)

  public init(_ settings: Configuration, _ target: SQLTarget, stopsAtEnd: Bool, logger: Logger) {
    self.settings = settings
    self.target = target
    self.stopsAtEnd = stopsAtEnd
    self.logger = logger
  }

  /// Has `run` return after the open transaction. Any thread.
  public func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Runs until it is stopped, or has caught up if that is wanted.
  ///
  /// A connection that is lost later is made again, and reading resumes at the saved offsets.
  public func run() throws -> Summary {
    var summary = Summary()
    let began = ContinuousClock.now
    var pause = 1.0
    /// A database that never answered is a mistake to tell; one that did will come back.
    var wasConnected = false
    while !isStopped.load(ordering: .relaxed) {
      do {
        let before = summary.transactions
        defer { if summary.transactions > before { pause = 1 } }
        try pass(&summary) { wasConnected = true }
        break
      } catch SQLError.disconnected(let reason) where wasConnected {
        logger.warning("\(SQLError.disconnected(reason)); trying again in \(Int(pause)) s")
        for _ in 0..<Int(pause * 5) where !isStopped.load(ordering: .relaxed) {
          Thread.sleep(forTimeInterval: 0.2)
        }
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
    let forms = try PublishedForms(settings)

    var batch = SinkBatch()
    var lastCommit = ContinuousClock.now
    while true {
      var count = try rollups.read { record in
        try forms.withJSON(orNothing: record.value) {
          batch.add(try reader.read(key: record.key, value: $0))
        }
      }
      count += try attributions.read { record in
        guard let key = record.key else { return }
        let attribution = try record.value.map { try forms.attribution($0) }
        batch.add(attribution, of: Array(key))
      }
      summary.records += count
      let isOver =
        isStopped.load(ordering: .relaxed)
        || (stopsAtEnd && rollups.isCaughtUp && attributions.isCaughtUp)
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
