import Attribution

/// What a load needs: memory, cores, partitions, instances and disk.
///
/// The formulas are plain multiplications of measured figures (docs/internals/performance.md and state.md), for a last-touch
/// job as `tributary bench` runs it. Measure your own with `tributary bench -b BROKERS` before you buy.
///
/// * ids = events a day × (`correction_horizon` + `watermark_delay`), 32 bytes each: a 16-byte slot of a table that is 54 to
///   85% full, just after it has grown.
/// * touches = touches a day × (`correction_horizon` + `watermark_delay` + lookback, or the longest view where they earn no
///   credit), 40 bytes each: 24, and 16 for a UUID.
/// * users = distinct users of those touches, 23 bytes each.
/// * open rollups = by view, values × windows within `correction_horizon` + `watermark_delay`, 80 bytes each.
/// * 300 MiB for each instance: program, clients, what is read ahead.
/// * cores = records a second at the peak × 1.1 CPU-seconds per million, at 60% use.
/// * partitions: twice the cores to grow, and so many that one restores within a minute at 1.5 million entries a second;
///   rounded up to a power of two.
/// * instances: as many as memory (three quarters of each, less 300 MiB) and cores want.
/// * state on disk = entries × 40 bytes × 1.1 (`min.cleanable.dirty.ratio`) × replicas; an event is an entry until both its
///   id and its touch are forgotten.
public struct Sizing: Sendable, Equatable {
  /// The load.
  public struct Load: Sendable, Equatable {
    /// All records of all inputs.
    public var eventsPerDay: Double
    /// The fraction of them that can earn credit.
    public var touchShare = 0.9
    /// Distinct users with a touch that is remembered; nil: each touch has its own.
    public var users: Double?
    /// The busiest hour's rate, by the average's.
    public var peak = 3.0
    /// Bytes of a record.
    public var eventBytes = 180.0
    /// How long the inputs keep their records.
    public var retention: Milliseconds = 7 * 86_400_000
    public var replicas = 3
    /// Distinct values of a view's dimensions within a window.
    public var rollupsPerWindow = 1_000.0

    public init(eventsPerDay: Double) { self.eventsPerDay = eventsPerDay }
  }

  /// One instance, as a container.
  public struct Instance: Sendable, Equatable {
    /// Bytes.
    public var memory = 16.0 * 1_073_741_824
    public var cores = 4.0

    public init() {}
  }

  /// Measured, rounded to the careful side.
  enum Figure {
    static let bytesPerID = 32.0
    static let bytesPerTouch = 40.0
    static let bytesPerUser = 23.0
    static let bytesPerRollup = 80.0
    static let bytesPerInstance = 300.0 * 1_048_576
    /// Of an instance's memory, what `max_memory` is by default.
    static let memoryShare = 0.75
    static let secondsPerRecord = 1.1e-6
    static let coreUse = 0.6
    static let restoredPerSecond = 1.5e6
    static let longestRestore = 60.0
    static let bytesPerEntry = 40.0
    static let dirtyShare = 1.1
  }

  /// What is remembered, in the cluster.
  public var ids: Double
  public var touches: Double
  public var users: Double
  public var openRollups: Double
  /// Bytes of all that, without what each instance needs besides.
  public var state: Double
  /// Records a second at the peak.
  public var peakRate: Double
  public var cores: Double
  public var partitions: Int
  public var instances: Int
  /// Bytes an instance needs, when so many share the state.
  public var memoryPerInstance: Double
  /// Seconds that the largest restore of one partition takes.
  public var restoreSeconds: Double
  /// Bytes of the inputs, replicas included, without compression.
  public var inputDisk: Double
  /// Bytes of the state topic, replicas included.
  public var stateDisk: Double

  public init(_ load: Load, _ definitions: Definitions, on instance: Instance = Instance()) {
    let day = 86_400_000.0
    let horizon = Double(definitions.correctionHorizon + definitions.watermarkDelay)
    var lookback = definitions.touchKinds.contains(.click) ? definitions.lookback : 0
    if definitions.touchKinds.contains(.impression) {
      lookback = max(lookback, definitions.impressionLookback)
    }
    let view = definitions.views.map(\.periodMilliseconds).max() ?? 0
    let kept =
      load.touchShare * (horizon + Double(max(lookback, view)))
      + (1 - load.touchShare) * (horizon + Double(view))
    ids = load.eventsPerDay * horizon / day
    touches = load.eventsPerDay * kept / day
    users = min(load.users ?? touches, touches)
    openRollups = definitions.views.reduce(0) { sum, view in
      let windows = (horizon / Double(view.periodMilliseconds)).rounded(.up) + 1
      return sum + load.rollupsPerWindow * windows
    }
    state =
      ids * Figure.bytesPerID + touches * Figure.bytesPerTouch + users * Figure.bytesPerUser
      + openRollups * Figure.bytesPerRollup
    peakRate = load.eventsPerDay / 86_400 * load.peak
    cores = peakRate * Figure.secondsPerRecord / Figure.coreUse

    // A touch outlives its id.
    let entries = touches
    let restorable = Figure.restoredPerSecond * Figure.longestRestore
    let wanted = max(4, 2 * cores.rounded(.up), (entries / restorable).rounded(.up))
    partitions = Self.powerOfTwo(atLeast: wanted)
    let room = max(
      Figure.bytesPerInstance, instance.memory * Figure.memoryShare - Figure.bytesPerInstance)
    instances = Int(
      max(1, (state / room).rounded(.up), (cores / instance.cores).rounded(.up)))
    // No instance is without a partition.
    partitions = max(partitions, Self.powerOfTwo(atLeast: Double(instances)))
    memoryPerInstance =
      (state / Double(instances) + Figure.bytesPerInstance) / Figure.memoryShare
    restoreSeconds = entries / Double(partitions) / Figure.restoredPerSecond
    inputDisk =
      load.eventsPerDay * load.eventBytes * Double(load.retention) / day * Double(load.replicas)
    stateDisk = entries * Figure.bytesPerEntry * Figure.dirtyShare * Double(load.replicas)
  }

  private static func powerOfTwo(atLeast wanted: Double) -> Int {
    var number = 1
    while Double(number) < wanted { number *= 2 }
    return number
  }
}
