import Configuration
import Dashboard
import Logging
import Readers
import Service

/// The demo's dashboard, served from a thread of its own at this machine only.
final class DemoDashboard {
  /// Where it is.
  let link: String

  private let run: ServeRun
  private let serving: BackgroundTask<Void>

  private static let usualPort = 8_080

  /// Begins to serve.
  ///
  /// - Parameter port: nil for the usual one, or any that is free.
  init(_ settings: Configuration, port: UInt16?, logger: Logger) throws {
    var http = HTTPServer.Settings()
    http.port = port.map(Int.init) ?? Self.usualPort
    func makeRun() throws -> ServeRun {
      let metrics = Metrics()
      BuildInfo.set(metrics, command: "serve")
      return try ServeRun(settings, http, metrics: metrics, logger: logger)
    }
    var run = try makeRun()
    do { link = try run.start() } catch {
      guard port == nil else { throw error }
      http.port = 0
      run = try makeRun()
      link = try run.start()
    }
    self.run = run
    serving = BackgroundTask("dashboard") { [run] in try run.follow() }
  }

  /// Whether it has ended although nobody asked it to.
  var hasFailed: Bool { serving.isOver }

  /// Throws what it failed with, if it has.
  func check() throws { if serving.isOver { try serving.join() } }

  func stop() {
    run.stop()
    _ = try? serving.join()
  }
}
