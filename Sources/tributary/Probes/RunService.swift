import Attribution
import Configuration
import Logging
import Pipeline
import Service
import Synchronization

/// Health and metrics of `run`, from before the first call to a broker to the end of the last.
final class RunService: Sendable {
  private let server: HTTPServer
  private let health: ProcessorHealth

  /// Begins to listen.
  init(_ http: HTTPServer.Settings, _ settings: Configuration, logger: Logger) throws {
    let metrics = Metrics()
    health = ProcessorHealth(settings, metrics)
    server = HTTPServer(http, ServiceEndpoints(health, metrics), hub: EventHub())
    let link = try server.startAtLink()
    logger.info("health and metrics are at \(link)")
  }

  /// Tells of this processor from now on.
  func watch(_ processor: Processor) { health.watch(processor.monitor) }

  func stop() { server.stop() }
}
