import Attribution
import Codec
import Configuration
import Dashboard
import Foundation
import Kafka
import Logging
import Pipeline
import Reporting
import Synchronization

/// The dashboard over the rollups topic: a thread that follows the topic, and a server.
final class ServeRun: Sendable {
  private let live: LiveBoard
  private let dashboard: Dashboard
  private let hub = EventHub()
  private let reader: ReaderHealth
  private let server: HTTPServer
  private let settings: Configuration
  private let logger: Logger
  private let follower: TopicFollower
  private let stopFlag = StopFlag()

  /// How often listeners are told at most, and at least.
  private static let notice = Duration.milliseconds(500)
  private static let heartbeat = Duration.seconds(10)

  init(_ settings: Configuration, _ http: HTTPServer.Settings, logger: Logger) throws {
    self.settings = settings
    self.logger = logger
    follower = try TopicFollower(settings.topics.rollups, settings, logger: logger)
    live = LiveBoard(settings.definitions, partitionCount: follower.partitionCount)
    let metrics = Metrics()
    reader = ReaderHealth(live, hub, topic: settings.topics.rollups, metrics)
    dashboard = Dashboard(
      live, conversions: ConversionFinder(settings, logger: logger), health: reader,
      metrics: metrics, now: Self.now)
    server = HTTPServer(http, dashboard, hub: hub)
  }

  /// Has `run` return. Any thread.
  func stop() {
    stopFlag.raise()
    follower.wake()
  }

  /// Begins to listen; returns the link.
  func start() throws -> String {
    do { return try server.startAtLink() } catch {
      follower.close()
      throw error
    }
  }

  /// Serves until stopped. Call once, after `start`.
  func follow() throws {
    defer {
      server.stop()
      follower.close()
    }
    try readAndTell()
  }

  private func readAndTell() throws {
    let decoder = RollupsRecordReader(definitions: settings.definitions)
    var lastNotice = ContinuousClock.now
    var hasNews = false
    while !stopFlag.isRaised {
      var records: [RollupsRecord] = []
      let count = try follower.read { record in
        do { records.append(try decoder.read(key: record.key, value: record.value)) } catch {
          if reader.noteUnreadable() == 1 {
            logger.warning("a record of the rollups topic cannot be read: \(error)")
          }
        }
      }
      live.apply(records)
      reader.note(
        positions: follower.positions, ends: follower.knownEnds, isCaughtUp: follower.isCaughtUp,
        now: Self.now())
      hasNews = hasNews || count > 0
      let age = lastNotice.duration(to: .now)
      if hasNews && age >= Self.notice && follower.isCaughtUp || age >= Self.heartbeat {
        hub.publish("status", dashboard.status())
        hasNews = false
        lastNotice = .now
      }
      if count == 0 { follower.wait(milliseconds: 200) }
    }
  }

  @Sendable private static func now() -> Milliseconds {
    Milliseconds(Date().timeIntervalSince1970 * 1_000)
  }
}

/// How the reader of the rollups topic stands.
private final class ReaderHealth: HealthSource {
  private struct State {
    var positions: [Int32: Int64] = [:]
    var ends: [Int32: Int64] = [:]
    var moved: [Int32: Milliseconds] = [:]
    /// Since when a partition has had records waiting without moving.
    var waiting: [Int32: Milliseconds] = [:]
    var isCaughtUp = false
    var unreadable = 0
    var now: Milliseconds = 0
  }

  /// A partition that is behind and has not moved for so long is stuck.
  private static let patience: Milliseconds = 60_000

  private let live: LiveBoard
  private let hub: EventHub
  private let topic: String
  private let state = Mutex(State())

  init(_ live: LiveBoard, _ hub: EventHub, topic: String, _ metrics: Metrics) {
    self.live = live
    self.hub = hub
    self.topic = topic
    for (name, kind, help) in [
      ("tributary_rollups", Metrics.Kind.gauge, "Rollups held in memory."),
      ("tributary_rollup_revisions_total", .counter, "Revisions of rollups that were read."),
      ("tributary_rollup_corrections_total", .counter, "Rollups corrected after they were final."),
      ("tributary_reader_lag_records", .gauge, "Records behind the end of the log, by partition."),
      ("tributary_unreadable_records_total", .counter, "Records that could not be read."),
      ("tributary_watermark_lag_seconds", .gauge, "Wall clock less the watermark."),
      ("tributary_final_lag_seconds", .gauge, "Wall clock less what is final."),
      ("tributary_event_streams", .gauge, "Pages that listen for news."),
      (
        "tributary_conversions", .gauge,
        "Conversions held, by model and whether a touch earned them."
      ),
    ] { metrics.define(name, kind, help: help) }
    BuildInfo.set(metrics, command: "serve")
    ProcessGauges.define(metrics)
  }

  func note(
    positions: [Int32: Int64], ends: [Int32: Int64], isCaughtUp: Bool, now: Milliseconds
  ) {
    state.withLock { state in
      for (partition, position) in positions {
        let hasMoved = state.positions[partition] != position
        if hasMoved { state.moved[partition] = now }
        if hasMoved || position >= ends[partition] ?? 0 {
          state.waiting[partition] = nil
        } else if state.waiting[partition] == nil {
          state.waiting[partition] = now
        }
      }
      state.positions = positions
      state.ends = ends
      state.isCaughtUp = isCaughtUp
      state.now = now
    }
  }

  /// Returns how many there have been.
  func noteUnreadable() -> Int {
    state.withLock { state in
      state.unreadable += 1
      return state.unreadable
    }
  }

  var health: Health {
    let state = state.withLock { $0 }
    var obstacles = state.isCaughtUp ? [] : ["the rollups topic is still being read"]
    let partitions = state.positions.sorted { $0.key < $1.key }.map { partition, position in
      let lag = state.ends[partition].map { max(0, $0 - position) }
      if let since = state.waiting[partition], state.now - since > Self.patience {
        obstacles.append(
          "\(topic) [\(partition)] is stuck at offset \(position) for \((state.now - since) / 1_000) s, "
            + "\(lag ?? 0) records behind")
      }
      return Health.Partition(
        topic: topic, partition: partition, position: position, lag: lag,
        lastCommit: state.moved[partition])
    }
    return Health(obstacles: obstacles, partitions: partitions)
  }

  func refresh(_ metrics: Metrics) {
    ProcessGauges.refresh(metrics)
    let state = state.withLock { $0 }
    for (partition, position) in state.positions {
      let lag = state.ends[partition].map { Double(max(0, $0 - position)) }
      metrics.set("tributary_reader_lag_records", ["partition": "\(partition)"], to: lag)
    }
    metrics.set("tributary_unreadable_records_total", to: Double(state.unreadable))
    metrics.set("tributary_event_streams", to: Double(hub.listenerCount))
    live.read { board in
      metrics.set("tributary_rollups", to: Double(board.count))
      metrics.set("tributary_rollup_revisions_total", to: Double(board.revisionCount))
      metrics.set("tributary_rollup_corrections_total", to: Double(board.correctionCount))
      metrics.set(
        "tributary_watermark_lag_seconds",
        to: board.watermark.map { Double(state.now - $0) / 1_000 })
      metrics.set(
        "tributary_final_lag_seconds",
        to: board.finalThrough.map { Double(state.now - $0) / 1_000 })
      setConversions(board, metrics)
    }
  }

  private func setConversions(_ board: RollupBoard, _ metrics: Metrics) {
    guard let view = board.views.first(where: { !$0.dimensions.isEmpty }) else { return }
    let rows = board.rows(
      RollupQuery(
        view: view.name, range: Time.earliest..<Time.latest, dimensions: [view.dimensions[0]]))
    for (index, model) in board.models.enumerated() {
      for isAttributed in [true, false] {
        let credit = rows.filter { ($0.dimensions[0] != unattributedName) == isAttributed }
          .reduce(Int64(0)) { $0 &+ $1.sums.credits[index] }
        metrics.set(
          "tributary_conversions",
          ["model": model.rawValue, "attributed": "\(isAttributed)"],
          to: Double(credit) / Double(Money.microsPerUnit))
      }
    }
  }
}
