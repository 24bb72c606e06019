import Attribution

/// The closed windows of a view within some days, summed by the dimensions of a report.
struct PeriodSums {
  let range: Range<Milliseconds>
  /// Windows that end at or before this are in the sums; within `range`.
  let closedThrough: Milliseconds
  /// Starts of the windows that hold rollups but are not closed, ascending.
  let openWindows: [Milliseconds]
  /// In no particular order.
  let rows: [RollupRow]

  /// Whether every window is closed.
  var isFinal: Bool { closedThrough == range.upperBound }

  /// The sum of the rollups' revisions.
  var revision: Int64 { rows.reduce(0) { $0 &+ $1.revision } }

  /// Throws `ReportingError` when the view's windows do not fit the days, and when they are not over and provisional
  /// numbers are not wanted.
  init(
    _ board: RollupBoard, _ view: View, _ days: ClosedRange<CalendarDay>, _ request: ReportRequest
  ) throws {
    let range = request.calendar.range(of: days)
    _ = try TimeUnit.all.starts(in: range, of: view, request.calendar)
    let finalThrough = min(board.finalThrough ?? range.lowerBound, range.upperBound)
    self.range = range
    closedThrough = max(view.windowStart(of: finalThrough), range.lowerBound)
    let closedThrough = closedThrough
    openWindows = board.windowStarts(of: view.name).filter {
      range.contains($0) && $0 + view.periodMilliseconds > closedThrough
    }
    rows = board.rows(
      RollupQuery(
        view: view.name, range: range, dimensions: request.dimensions, filters: request.filters,
        closedThrough: closedThrough))
    if !isFinal, !request.allowsProvisional {
      throw ReportingError.notFinal(refusal(days, request.calendar))
    }
  }

  private func refusal(_ days: ClosedRange<CalendarDay>, _ calendar: ZonedCalendar) -> String {
    let closed =
      closedThrough > range.lowerBound
      ? "closed through \(calendar.text(closedThrough))" : "none of it is closed"
    let count = openWindows.count
    let open = count == 0 ? "" : ", \(count) open window\(count == 1 ? "" : "s") with numbers"
    return "\(ReportRequest.title(of: days)) in \(calendar.identifier) is not final yet: "
      + "\(closed)\(open); --provisional reports what is closed"
  }
}
