import Attribution

/// Spans of time that rollups are summed over.
public enum TimeUnit: String, CaseIterable, Sendable {
  /// Each window by itself.
  case window
  case hour
  case day
  /// The whole range in one.
  case all

  /// Where the unit's spans start that cover `range`, ascending; the first is the range's start.
  ///
  /// Throws `ReportingError` when a span would begin inside a window of the view: its numbers could
  /// not be told apart.
  public func starts(
    in range: Range<Milliseconds>, of view: View, _ calendar: ZonedCalendar
  ) throws -> [Milliseconds] {
    var starts: [Milliseconds]
    switch self {
    case .window: starts = Array(windows(of: view, in: range))
    case .hour: starts = calendar.hourStarts(in: range)
    case .day: starts = calendar.dayStarts(in: range)
    case .all: starts = [range.lowerBound]
    }
    if starts.isEmpty { return starts }
    starts[0] = range.lowerBound
    for start in starts + [range.upperBound] where view.windowStart(of: start) != start {
      throw ReportingError.unaligned(view: view.name, calendar.identifier)
    }
    return starts
  }

  private func windows(
    of view: View, in range: Range<Milliseconds>
  ) -> StrideTo<Milliseconds> {
    stride(
      from: view.windowStart(of: range.lowerBound), to: range.upperBound,
      by: Milliseconds.Stride(view.periodMilliseconds))
  }
}

/// Why numbers cannot be given as they were asked for: one sentence for a person.
public enum ReportingError: Error, Equatable, CustomStringConvertible {
  case unknownView(String, known: [String])
  case noView([Dimension], known: [String])
  case unaligned(view: String, String)
  case notFinal(String)

  public var description: String {
    switch self {
    case .unknownView(let name, let known):
      "there is no view \"\(name)\"; there are \(known.joined(separator: ", "))"
    case .noView(let dimensions, let known):
      "no view is by \(dimensions.map(\.rawValue).joined(separator: " and ")); there are \(known.joined(separator: ", "))"
    case .unaligned(let view, let zone):
      "the windows of view \(view) do not fit the clocks of \(zone): it needs a view with a shorter "
        + "period"
    case .notFinal(let reason): reason
    }
  }
}
