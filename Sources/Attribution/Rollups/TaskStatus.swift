/// How a task stands, as the rollup stage last heard.
public enum TaskStatus: Sendable, Equatable {
  /// Reading; has passed `watermark`.
  case active(Watermark)
  /// Every input is idle, by a clock that showed `asOf`: holds nobody back.
  case idle(asOf: Milliseconds)
  /// Has read all there was to read; every window that ends at or before the time is complete.
  case finished(through: Milliseconds)
}

extension TaskStatus {
  /// The same status, as another clock confirms it: of two clocks the earlier counts.
  public func bounded(by clock: Milliseconds) -> TaskStatus {
    guard case .idle(let asOf) = self else { return self }
    return .idle(asOf: min(asOf, clock))
  }
}
