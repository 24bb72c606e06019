import Attribution
import Cluster
import Configuration
import Dashboard
import Foundation
import Inputs
import Kafka
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
  private let settings: Configuration
  private let logger: Logger
  private let follower: TopicFollower
  private let attributions: AttributionFeed
  private let isStopped = Atomic(false)

  /// How often listeners are told at most, and at least.
  private static let notice = Duration.milliseconds(500)
  private static let heartbeat = Duration.seconds(10)

  /// - Parameter metrics: gets this reader's beside what it has.
  public init(
    _ settings: Configuration, _ http: HTTPServer.Settings, metrics: Metrics, logger: Logger
  ) throws {
    self.settings = settings
    self.logger = logger
    follower = try TopicFollower(settings.topics.rollups, settings, logger: logger)
    live = LiveBoard(settings.definitions, partitionCount: follower.partitionCount)
    reader = ReaderHealth(live, hub, topic: settings.topics.rollups, metrics)
    attributions = AttributionFeed(settings, logger: logger)
    dashboard = DashboardResponder(
      live, conversions: ConversionFinder(settings, logger: logger),
      newest: attributions.conversions, health: reader, metrics: metrics, basePath: http.basePath,
      now: Self.now)
    server = HTTPServer(http, dashboard, hub: hub)
  }

  /// Has `run` return. Any thread.
  public func stop() {
    isStopped.store(true, ordering: .relaxed)
    follower.wake()
  }

  /// Begins to listen; returns the link.
  public func start() throws -> String {
    do { return try server.startAtLink() } catch {
      follower.close()
      throw error
    }
  }

  /// Serves until stopped. Call once, after `start`.
  public func follow() throws {
    attributions.start()
    defer {
      server.stop()
      follower.close()
      attributions.stop()
    }
    try readAndTell()
  }

  private func readAndTell() throws {
    let decoder = RollupsRecordReader(definitions: settings.definitions)
    let forms = try PublishedForms(settings)
    var lastNotice = ContinuousClock.now
    var hasNews = false
    while !isStopped.load(ordering: .relaxed) {
      var records: [RollupsRecord] = []
      let count = try follower.read { record in
        do {
          try forms.withJSON(orNothing: record.value) {
            records.append(try decoder.read(key: record.key, value: $0))
          }
        } catch let error as SchemaUnavailable {
          throw error
        } catch {
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
