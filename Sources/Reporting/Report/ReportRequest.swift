import Attribution

/// What a report is to be about.
public struct ReportRequest: Sendable {
  /// The first day and the last; both belong to it.
  public var days: ClosedRange<CalendarDay>
  /// The days whose numbers stand beside them; nil for none.
  public var previousDays: ClosedRange<CalendarDay>?
  public var calendar: ZonedCalendar
  /// What tells lines apart, in the order of their columns; each once, one at least.
  public var dimensions: [Dimension]
  /// Indexes of the models, among those of the definitions, in the order of their columns.
  public var models: [Int]
  /// Whether the models behind the first also show how far they are from it.
  public var showsModelDifferences: Bool
  /// Nil chooses one by the dimensions.
  public var view: String?
  /// Only what has these values.
  public var filters: [DimensionFilter]
  /// Whether days that are not over yet are reported as far as they are closed.
  public var allowsProvisional: Bool

  public init(
    days: ClosedRange<CalendarDay>, comparedWith previousDays: ClosedRange<CalendarDay>? = nil,
    calendar: ZonedCalendar, dimensions: [Dimension], models: [Int],
    showsModelDifferences: Bool = false, view: String? = nil, filters: [DimensionFilter] = [],
    allowsProvisional: Bool = false
  ) {
    self.days = days
    self.previousDays = previousDays
    self.calendar = calendar
    self.dimensions = dimensions
    self.models = models
    self.showsModelDifferences = showsModelDifferences
    self.view = view
    self.filters = filters
    self.allowsProvisional = allowsProvisional
  }

  /// The instants that a report of this takes numbers from.
  public var range: Range<Milliseconds> {
    let range = calendar.range(of: days)
    guard let previous = previousDays.map(calendar.range(of:)) else { return range }
    return min(range.lowerBound, previous.lowerBound)..<max(range.upperBound, previous.upperBound)
  }

  /// What a view must have: the dimensions of the lines and of the filters, each once.
  var neededDimensions: [Dimension] {
    dimensions + filters.dimensions.filter { !dimensions.contains($0) }
  }

  /// Days as people write them: one, or the first and the last.
  public static func title(of days: ClosedRange<CalendarDay>) -> String {
    days.lowerBound == days.upperBound
      ? "\(days.lowerBound)" : "\(days.lowerBound) to \(days.upperBound)"
  }
}
