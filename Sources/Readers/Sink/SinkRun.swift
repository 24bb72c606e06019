import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Kafka
import Logging
import Reporting
import SQLSink

/// Reads topics from where a database left them, into the database's tables.
public final class SinkRun: Sendable {
  public struct Summary: Sendable {
    public var records = 0
    public var transactions = 0
    public var seconds = 0.0
  }

  /// Changes in one transaction: enough to amortise it, few enough to keep in memory.
  private static let batchSize = 50_000
  /// Bytes of records in one transaction: names can be long.
  private static let batchBytes = 64 << 20
  /// How old a change may get before it is committed.
  private static let commitInterval = Duration.milliseconds(500)

  private let settings: Configuration
  private let target: SQLTarget
  private let tables: TableSet
  private let stopsAtEnd: Bool
  private let logger: Logger
  private let interruption = SQLInterruption()

  /// - Parameters:
  ///   - tables: which tables; the configuration must allow them (``SinkFault``).
  ///   - stopsAtEnd: whether `run` returns when it has read what the topics hold at its start.
  public init(
    _ settings: Configuration, _ target: SQLTarget, tables: TableSet = .rollups, stopsAtEnd: Bool,
    logger: Logger
  ) {
    self.settings = settings
    self.target = target
    self.tables = tables
    self.stopsAtEnd = stopsAtEnd
    self.logger = logger
  }

  /// Has `run` return after the open transaction, or without it if it takes longer than a few seconds. Any thread.
  public func stop() { interruption.raise() }

  private var isStopped: Bool { interruption.isRaised }

  /// Runs until it is stopped, or has caught up if that is wanted.
  ///
  /// A connection that is lost later is made again, and reading resumes at the saved offsets; so it does where the
  /// database could not commit for now. Where the topics have been
  /// started anew (`reset`), so are the tables.
  ///
  /// - Parameter startsAgain: empty the tables first.
  public func run(startsAgain: Bool = false) throws -> Summary {
    var summary = Summary()
    let began = ContinuousClock.now
    var pause = 1.0
    var state = State(startsAgain: startsAgain)
    while !isStopped {
      do {
        let before = summary.transactions
        defer { if summary.transactions > before { pause = 1 } }
        try pass(&summary, &state)
        break
      } catch let error as SQLError where error.isTransient && state.wasConnected {
        if isStopped {
          logger.warning("\(error); what it did not commit will be read again")
          break
        }
        logger.warning("\(error); trying again in \(Int(pause)) s")
        for _ in 0..<Int(pause * 5) where !isStopped {
          Thread.sleep(forTimeInterval: 0.2)
        }
        pause = min(pause * 2, 30)
      } catch is TopicsStartedAnew {
        state.startsAgain = true
      } catch let error as KafkaError {
        // A topic that is deleted and made again under a reader is an error of its own kind.
        guard (try? SinkStart(settings, logger: logger).isAnew(state.epochs)) == true else {
          throw error
        }
        state.startsAgain = true
      }
    }
    summary.seconds = began.duration(to: .now) / .seconds(1)
    return summary
  }

  private struct State {
    /// Whether the tables are emptied before the next record is read.
    var startsAgain: Bool
    /// A database that never answered is a mistake to report; one that did will come back.
    var wasConnected = false
    /// What the tables were filled from, by partition of the rollups.
    var epochs: [Int32: String] = [:]
  }

  /// Opens the database and finds where reading goes on.
  private func open(
    _ decoder: SinkDecoder, _ state: inout State
  ) throws -> (store: any SQLStore, sources: [SinkSource]) {
    let store = try target.open(settings.definitions, tables, interruption: interruption)
    state.wasConnected = true
    var sources: [SinkSource] = []
    do {
      try store.migrate()
      let start = SinkStart(settings, logger: logger)
      state.epochs = try store.savedPositions(of: settings.topics.rollups).compactMapValues(\.epoch)
      if try !state.startsAgain && start.isAnew(state.epochs) { state.startsAgain = true }
      if state.startsAgain {
        logger.notice(
          "the tables start again: they are emptied, and the topics read from their beginnings")
        try store.startAgain()
        state.startsAgain = false
        state.epochs = [:]
      }
      for topic in decoder.topics {
        let saved = try store.savedPositions(of: topic)
        try start.checkBeginnings(of: topic, saved)
        sources.append(try SinkSource(topic, from: saved, settings, logger: logger))
      }
      return (store, sources)
    } catch {
      for source in sources { source.close() }
      store.close()
      throw error
    }
  }

  private func pass(_ summary: inout Summary, _ state: inout State) throws {
    let decoder = try SinkDecoder(settings, tables)
    let (store, sources) = try open(decoder, &state)
    defer {
      for source in sources { source.close() }
      store.close()
    }
    var batch = SinkBatch()
    var bytes = 0
    var lastCommit = ContinuousClock.now
    while true {
      var count = 0
      for source in sources {
        count += try source.read { record in
          if let (partition, epoch) = try decoder.epoch(in: record, of: source.topic) {
            guard state.epochs[partition] ?? epoch == epoch else { throw TopicsStartedAnew() }
            state.epochs[partition] = epoch
            source.note(epoch: epoch, of: partition)
          }
          try decoder.take(record, of: source.topic, into: &batch)
          bytes += (record.key?.count ?? 0) + (record.value?.count ?? 0)
        }
      }
      summary.records += count
      let isCaughtUp = sources.allSatisfy(\.isCaughtUp)
      let isOver = isStopped || (stopsAtEnd && isCaughtUp)
      let isDue =
        count == 0 || batch.count >= Self.batchSize || bytes >= Self.batchBytes
        || lastCommit.duration(to: .now) >= Self.commitInterval && isCaughtUp
      // Records that change nothing move the offsets too, now and then.
      let isWorthIt = batch.count > 0 || lastCommit.duration(to: .now) >= Self.commitInterval * 2
      if isOver || isDue && isWorthIt {
        batch.steps = sources.flatMap { $0.steps() }
        if !batch.steps.isEmpty {
          try store.apply(batch)
          summary.transactions += 1
        }
        for source in sources { source.markSaved() }
        batch = SinkBatch()
        bytes = 0
        lastCommit = .now
      }
      if isOver { return }
      if count == 0 { sources[0].wait(milliseconds: 50) }
    }
  }
}
