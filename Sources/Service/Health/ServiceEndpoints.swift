import Codec

/// `/livez`, `/readyz`, `/statusz` and `/metrics`, for any process.
public struct ServiceEndpoints: HTTPResponder {
  private let source: any HealthSource
  private let metrics: Metrics

  public init(_ source: any HealthSource, _ metrics: Metrics) {
    self.source = source
    self.metrics = metrics
  }

  public func respond(to request: HTTPRequest) -> HTTPResponse {
    switch request.path {
    case "/livez": return .text(.ok, "alive")
    case "/readyz":
      let health = source.health
      let reasons = health.obstacles.joined(separator: "\n")
      return .text(health.isReady ? .ok : .serviceUnavailable, health.isReady ? "ready" : reasons)
    case "/statusz": return .json(Self.json(source.health))
    case "/metrics":
      source.refresh(metrics)
      return HTTPResponse(
        contentType: "text/plain; version=0.0.4; charset=utf-8",
        body: .bytes(Array(metrics.text.utf8)))
    default: return .text(.notFound, "not found")
    }
  }

  /// Whether a process is alive and ready is for the machinery that runs it to know, token or not.
  public func isPublic(_ path: String) -> Bool { path == "/livez" || path == "/readyz" }

  /// Whether it is alive is told by the thread that listens; the rest may read files and take locks.
  public func lane(of path: String) -> HTTPLane { path == "/livez" ? .immediate : .probe }

  private static func json(_ health: Health) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("ready", health.isReady)
      writer.array("obstacles", health.obstacles) { $0.value($1) }
      writer.array("warnings", health.warnings) { $0.value($1) }
      writer.array("partitions", health.partitions) { writer, partition in
        writer.object { writer in
          writer.field("topic", partition.topic)
          writer.field("partition", Int64(partition.partition))
          writer.field("position", partition.position)
          writer.field("lag", partition.lag)
          writer.field("watermark", partition.watermark.map(Time.formatMilliseconds))
          writer.key("idle")
          if let isIdle = partition.isIdle { writer.value(isIdle) } else { writer.raw("null".utf8) }
          writer.field("last_commit", partition.lastCommit.map(Time.formatMilliseconds))
          writer.field("final_through", partition.finalThrough.map(Time.formatMilliseconds))
          if !partition.lost.isEmpty {
            writer.array("lost", partition.lost) { $0.lostRange($1) }
          }
        }
      }
    }
    return writer.bytes
  }
}
