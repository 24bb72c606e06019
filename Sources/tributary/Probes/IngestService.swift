import Attribution
import Files
import Foundation
import Logging
import Service

/// Health and metrics of `ingest`.
final class IngestService: Sendable {
  private let server: HTTPServer

  /// Begins to listen.
  init(_ http: HTTPServer.Settings, _ monitor: IngestMonitor, logger: Logger) throws {
    let metrics = Metrics()
    let health = IngestHealth(monitor, metrics)
    server = HTTPServer(http, ServiceEndpoints(health, metrics), hub: EventHub())
    let link = try server.startAtLink()
    logger.info("health and metrics are at \(link)")
  }

  func stop() { server.stop() }
}

/// How the ingest of this process stands. Ready: it has fenced all others and read its ledger.
struct IngestHealth: HealthSource {
  private enum Name {
    static let files = "tributary_ingest_files_total"
    static let records = "tributary_ingest_records_total"
    static let bytes = "tributary_ingest_bytes_total"
    static let refusals = "tributary_ingest_refusals_total"
    static let messages = "tributary_ingest_messages"
    static let age = "tributary_ingest_oldest_message_age_seconds"
  }

  private let monitor: IngestMonitor

  init(_ monitor: IngestMonitor, _ metrics: Metrics) {
    self.monitor = monitor
    ProcessMetrics.define(metrics)
    metrics.define(
      Name.files, .counter,
      help: "Files and objects, by outcome: taken, known, rejected, failed.")
    metrics.define(Name.records, .counter, help: "Records sent to the input topics, by kind.")
    metrics.define(
      Name.bytes, .counter,
      help: "Bytes of the files and objects that were taken, as they lie there.")
    metrics.define(
      Name.refusals, .counter, help: "Files, objects and messages that were not taken, by reason.")
    metrics.define(
      Name.messages, .gauge, help: "Messages of the queue that were received and are not done with."
    )
    metrics.define(
      Name.age, .gauge,
      help:
        "Age of the oldest message that was received and is not done with, in seconds; 0 for none.")
  }

  var health: Health {
    Health(obstacles: monitor.counts.obstacle.map { [$0] } ?? [], partitions: [])
  }

  func refresh(_ metrics: Metrics) {
    ProcessMetrics.refresh(metrics)
    let counts = monitor.counts
    for outcome in ["taken", "known", "rejected", "failed"] {
      metrics.set(Name.files, ["outcome": outcome], to: Double(counts.files[outcome] ?? 0))
    }
    for kind in EventKind.allCases {
      metrics.set(Name.records, ["kind": kind.inputName], to: Double(counts.records[kind] ?? 0))
    }
    metrics.set(Name.bytes, to: Double(counts.bytes))
    for (reason, count) in counts.refusals {
      metrics.set(Name.refusals, ["reason": reason], to: Double(count))
    }
    metrics.set(Name.messages, to: Double(counts.messages))
    let age = counts.oldestMessage.map { Date().timeIntervalSince1970 - Double($0) / 1_000 }
    metrics.set(Name.age, to: max(0, age ?? 0))
  }
}
