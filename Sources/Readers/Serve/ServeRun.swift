import Attribution
import Configuration
import Dashboard
import Foundation
import Logging
import Reporting
import Service
import Synchronization

/// The dashboard over the rollups topic: a thread that follows the topic, and a server.
public final class ServeRun: Sendable {
  private let live: LiveBoard
  private let dashboard: DashboardResponder
  private let hub = EventHub()
  private let reader: ReaderHealth
  private let server: HTTPServer
  private let feed: BoardFeed
  private let attributions: AttributionFeed
  private let isStopped = Atomic(false)

  /// How often listeners are told at most, and at least.
  private static let notice = Duration.milliseconds(500)
  private static let heartbeat = Duration.seconds(10)

  /// - Parameters:
  ///   - history: where old rollups are kept; nil keeps everything in memory.
  ///   - metrics: gets this reader's beside what it has.
  public init(
    _ settings: Configuration, _ http: HTTPServer.Settings, history: ServeHistory? = nil,
    metrics: Metrics, logger: Logger
  ) throws {
    feed = try BoardFeed(settings, history: history, logger: logger)
    live = feed.live
    attributions = AttributionFeed(settings, logger: logger)
    let reader = ReaderHealth(live, hub, topic: settings.topics.rollups, metrics)
    self.reader = reader
    feed.onUnreadable = { error in
      if reader.noteUnreadable() == 1 {
        logger.warning("a record of the rollups topic cannot be read: \(error)")
      }
    }
    dashboard = DashboardResponder(
      live, conversions: ConversionFinder(settings, logger: logger),
      newest: attributions.conversions, health: reader, metrics: metrics, basePath: http.basePath,
      now: Self.now)
    server = HTTPServer(http, dashboard, hub: hub)
  }

  /// Has `run` return. Any thread.
  public func stop() {
    isStopped.store(true, ordering: .relaxed)
    feed.wake()
  }

  /// Begins to listen; returns the link.
  public func start() throws -> String {
    do { return try server.startAtLink() } catch {
      feed.close()
      throw error
    }
  }

  /// Serves until stopped. Call once, after `start`.
  public func follow() throws {
    attributions.start()
    defer {
      server.stop()
      feed.close()
      attributions.stop()
    }
    try readAndTell()
  }

  private func readAndTell() throws {
    var lastNotice = ContinuousClock.now
    var hasNews = false
    while !isStopped.load(ordering: .relaxed) {
      let count = try feed.advance()
      reader.note(
        positions: feed.positions, ends: feed.knownEnds, isCaughtUp: feed.isCaughtUp,
        now: Self.now())
      reader.note(history: feed.historySize)
      hasNews = hasNews || count > 0
      let age = lastNotice.duration(to: .now)
      if hasNews && age >= Self.notice && feed.isCaughtUp || age >= Self.heartbeat {
        hub.publish("status", dashboard.status())
        hasNews = false
        lastNotice = .now
      }
      if count == 0 { feed.wait(milliseconds: 200) }
    }
  }

  @Sendable private static func now() -> Milliseconds {
    Milliseconds(Date().timeIntervalSince1970 * 1_000)
  }
}
