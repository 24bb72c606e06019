import Attribution
import Codec
import Reporting

/// How a process stands: what `/readyz` and `/statusz` tell. `run` and `serve` each have their own.
public protocol HealthSource: Sendable {
  var health: Health { get }
  /// Brings gauges up to date that are not kept so all the time. Called before metrics are read.
  func refresh(_ metrics: Metrics)
}

/// A moment's picture of a process.
public struct Health: Sendable {
  /// One partition that the process reads.
  public struct Partition: Sendable {
    public var topic: String
    public var partition: Int32
    /// Offset of the next record.
    public var position: Int64
    /// Records behind the end of the log; nil when not known.
    public var lag: Int64?
    public var watermark: Milliseconds?
    public var isIdle: Bool?
    /// When a commit last moved the position, in milliseconds since the epoch.
    public var lastCommit: Milliseconds?
    /// Every window that ends at or before this is final; of partitions that decide so.
    public var finalThrough: Milliseconds?
    /// Input that was gone before it was read.
    public var lost: [LostRange] = []

    public init(
      topic: String, partition: Int32, position: Int64, lag: Int64? = nil,
      watermark: Milliseconds? = nil, isIdle: Bool? = nil, lastCommit: Milliseconds? = nil,
      finalThrough: Milliseconds? = nil
    ) {
      self.topic = topic
      self.partition = partition
      self.position = position
      self.lag = lag
      self.watermark = watermark
      self.isIdle = isIdle
      self.lastCommit = lastCommit
      self.finalThrough = finalThrough
    }
  }

  /// Why it is not ready, in short sentences; empty when it is.
  public var obstacles: [String]
  public var partitions: [Partition]

  public init(obstacles: [String], partitions: [Partition]) {
    self.obstacles = obstacles
    self.partitions = partitions
  }

  public var isReady: Bool { obstacles.isEmpty }
}

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

  private static func json(_ health: Health) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("ready", health.isReady)
      writer.array("obstacles", health.obstacles) { $0.value($1) }
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
