/// The figures that need no broker: the engine alone, bytes through decoder and engine, restores,
/// the size of the state, and how all of it grows.
public struct BenchmarkSuite {
  public let options: Workload.Options
  /// Passes per figure; the median counts.
  public let passes: Int

  public init(_ options: Workload.Options, passes: Int) {
    self.options = options
    self.passes = max(1, passes)
  }

  /// One workload's figures.
  public struct Figures: Sendable {
    /// Decoded events through dedup, join, credit and deltas.
    public var engine: Timing
    /// The same from the records' bytes.
    public var bytes: Timing
    public var state: StateFigures
  }

  /// What decoding alone costs.
  public struct Decoding: Sendable {
    /// Records in our own form.
    public var own: Timing
    /// The same events in a foreign form, through a mapping.
    public var mapped: Timing

    /// The rate of the mapped form as a part of that of our own.
    public var ratio: Double { own.cpuSecondsPerMillion / mapped.cpuSecondsPerMillion }
  }

  /// Both forms in turn, so that both meet the same machine.
  public func decoding() throws -> Decoding {
    var run = try DecodeRun(options)
    var (own, mapped): ([Timing], [Timing]) = ([], [])
    for _ in 0..<passes {
      own.append(run.measureOwn(events: options.events))
      mapped.append(try run.measureMapped(events: options.events))
    }
    precondition(run.effects == 0, "both forms are the same events")
    return Decoding(own: .median(of: own), mapped: .median(of: mapped))
  }

  /// A changelog's figures.
  public struct Restore: Sendable {
    public var speed: Timing
    /// From a copy on this machine's disk.
    public var copySpeed: Timing
    /// Bytes of the state topic per entry, without Kafka's own overhead.
    public var bytesPerEntry: Double
  }

  /// What grows tenfold in each run of `growth`.
  public enum Growth: String, CaseIterable, Sendable {
    case users, campaigns, state

    func applied(to options: Workload.Options) -> Workload.Options {
      var options = options
      switch self {
      case .users: options.users *= 10
      case .campaigns: options.campaigns *= 10
      case .state: options.warmUp *= 10
      }
      return options
    }
  }

  public func figures() -> Figures { figures(of: options) }

  public func figures(grown growth: Growth) -> Figures { figures(of: growth.applied(to: options)) }

  private func figures(of options: Workload.Options) -> Figures {
    let run = EngineRun(options)
    var engine: [Timing] = []
    var bytes: [Timing] = []
    for _ in 0..<passes {
      engine.append(run.measureEngine(events: options.events))
      bytes.append(run.measureBytes(events: options.events))
    }
    return Figures(
      engine: .median(of: engine), bytes: .median(of: bytes),
      state: StateFigures(run.task.size))
  }

  public func restore() throws -> Restore {
    let run = try RestoreRun(options)
    let timings = try (0..<passes).map { _ in try run.measure() }
    let copies = try (0..<passes).map { _ in try run.measureCopy() }
    return Restore(
      speed: .median(of: timings), copySpeed: .median(of: copies),
      bytesPerEntry: Double(run.byteCount) / Double(max(1, run.entries)))
  }
}
