/// How long so many events took one core.
public struct Timing: Sendable {
  public var events: Int
  public var wallSeconds: Double
  public var cpuSeconds: Double

  init(events: Int, _ stopwatch: Stopwatch) {
    self.events = events
    wallSeconds = stopwatch.wallSeconds
    cpuSeconds = stopwatch.cpuSeconds
  }

  public var eventsPerSecond: Double { Double(events) / wallSeconds }
  /// CPU-seconds per million events, which is also microseconds per event. Hardly disturbed by
  /// whatever else the machine does.
  public var cpuSecondsPerMillion: Double { cpuSeconds * 1e6 / Double(events) }

  /// The middle of several passes, by CPU time.
  static func median(of passes: [Timing]) -> Timing {
    passes.sorted { $0.cpuSecondsPerMillion < $1.cpuSecondsPerMillion }[passes.count / 2]
  }
}
