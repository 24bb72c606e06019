import Attribution

/// The delays that make an event ordinary, late or too late, with margins on both sides, so that the
/// truth about a record does not depend on how a processor interleaves its inputs.
struct TrafficTimes {
  /// The longest an ordinary event travels.
  let ordinary: Milliseconds
  /// How long a late event travels; nil when the horizon leaves no safe room.
  let late: ClosedRange<Milliseconds>?
  /// The longest that a copy may travel: well inside of what deduplication remembers.
  let copy: Milliseconds
  /// How long a too-late event travels.
  let tooLate: ClosedRange<Milliseconds>
  /// Too-late events arrive only this long after the beginning.
  let warmUp: Milliseconds

  /// How many events of the scarcest input should pass within the margin, so that every one of up to
  /// 32 partitions hears something in it.
  private static let scarceEvents = 400.0

  /// - Parameter scarcestRate: events per second of the scarcest input, on average over a day.
  init(_ options: TrafficOptions, scarcestRate: Double) {
    let lateness = options.definitions.watermarkDelay
    let horizon = options.definitions.correctionHorizon
    ordinary = min(max(options.disorder, 0), lateness + horizon / 2)
    copy = max(horizon / 2, ordinary)

    let leastLate = 2 * max(lateness, ordinary)
    late = leastLate < horizon / 2 ? leastLate...(horizon / 2) : nil

    let leastRate = scarcestRate * Double(DailyCurve.leastPermille) / 1_000
    let silence =
      leastRate > 0 ? min(TrafficTimes.scarceEvents / leastRate * 1_000, 1e12) : 0
    // A costs partition may hear something once an hour only.
    let hourly: Milliseconds = options.costRows ? 3_600_000 + ordinary : 0
    let margin = max(lateness + ordinary, Milliseconds(silence), hourly)
    let leastTooLate = horizon + lateness + ordinary + margin + 1
    tooLate = leastTooLate...(leastTooLate + max(horizon, 3_600_000))
    warmUp = lateness + ordinary + 2 * margin
  }
}
