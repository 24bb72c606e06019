import Codec

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
    public var watermark: Int64?
    public var isIdle: Bool?
    /// When a commit last moved the position, in milliseconds since the epoch.
    public var lastCommit: Int64?
    /// Every window that ends at or before this is final; of partitions that decide so.
    public var finalThrough: Int64?
    /// Input that was gone before it was read.
    public var lost: [LostRange] = []

    public init(
      topic: String, partition: Int32, position: Int64, lag: Int64? = nil,
      watermark: Int64? = nil, isIdle: Bool? = nil, lastCommit: Int64? = nil,
      finalThrough: Int64? = nil
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
  /// What keeps nobody from being ready and makes numbers other than they should be.
  public var warnings: [String]

  public init(obstacles: [String], partitions: [Partition], warnings: [String] = []) {
    self.warnings = warnings
    self.obstacles = obstacles
    self.partitions = partitions
  }

  public var isReady: Bool { obstacles.isEmpty }
}
