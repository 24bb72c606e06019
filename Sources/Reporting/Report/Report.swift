import Attribution
import Codec

/// What a report is to be about.
public struct ReportRequest: Sendable {
  public var day: CalendarDay
  public var calendar: ZonedCalendar
  public var dimension: Dimension
  /// Indexes of the models, among those of the definitions, in the order of their columns.
  public var models: [Int]
  /// Nil chooses one by the dimensions.
  public var view: String?
  /// Only what has these values.
  public var filters: [DimensionFilter]
  /// Whether a day that is not over yet is reported as far as it is closed.
  public var allowsProvisional: Bool

  public init(
    day: CalendarDay, calendar: ZonedCalendar, dimension: Dimension, models: [Int],
    view: String? = nil, filters: [DimensionFilter] = [], allowsProvisional: Bool = false
  ) {
    self.day = day
    self.calendar = calendar
    self.dimension = dimension
    self.models = models
    self.view = view
    self.filters = filters
    self.allowsProvisional = allowsProvisional
  }
}

/// One day's closed windows, summed: what is billed from.
///
/// It is a function of the rollups of the day and nothing else: the same day at the same revision is
/// the same report, whenever it is made.
public struct Report: Sendable {
  /// What a line of the report counts.
  public enum Kind: String, Sendable {
    /// What touches of one campaign, channel or ad earned, or what has one value of another dimension.
    case item
    /// What no touch earned.
    case unattributed
    /// All of it.
    case total
  }

  public struct Line: Sendable {
    public var kind: Kind
    /// The campaign, channel, ad, or whatever the dimension holds; may be empty. Of a total it is empty.
    public var name: String
    public var sums: RollupSums
  }

  public let request: ReportRequest
  public let view: View
  /// The day's instants.
  public let range: Range<Milliseconds>
  public let models: [Model]
  public let currency: String
  /// Whether every window of the day is closed.
  public let isFinal: Bool
  /// Windows that end at or before this are in the report; within `range`.
  public let closedThrough: Milliseconds
  /// Starts of the windows that hold rollups but are not closed, ascending.
  public let openWindows: [Milliseconds]
  /// The sum of the revisions of what is reported: grows with every correction.
  public let revision: Int64
  /// By name, by bytes; then what is unattributed, if anything.
  public let lines: [Line]
  public let total: Line
  public let reconciliation: Reconciliation
  /// Input that was gone before it was read and that the day may miss.
  public let lost: [LostRange]

  /// Throws `ReportingError` when there is no view for it, or when the day is not over and provisional
  /// numbers are not wanted.
  public init(_ board: RollupBoard, _ definitions: Definitions, _ request: ReportRequest) throws {
    let range = request.calendar.range(of: request.day)
    let view = try board.view(for: request)
    _ = try TimeUnit.all.starts(in: range, of: view, request.calendar)
    let finalThrough = min(board.finalThrough ?? range.lowerBound, range.upperBound)
    let closedThrough = max(view.windowStart(of: finalThrough), range.lowerBound)
    let isFinal = closedThrough == range.upperBound
    let openWindows = board.windowStarts(of: view.name).filter {
      range.contains($0) && $0 + view.periodMilliseconds > closedThrough
    }
    if !isFinal, !request.allowsProvisional {
      throw ReportingError.notFinal(
        Self.refusal(request, range, closedThrough: closedThrough, openWindows.count))
    }
    let rows = board.rows(
      RollupQuery(
        view: view.name, range: range, dimensions: [request.dimension], filters: request.filters,
        closedThrough: closedThrough))

    lost = board.lostInput(
      touching: range, correctionHorizon: definitions.correctionHorizon)
    self.request = request
    self.view = view
    self.range = range
    self.closedThrough = closedThrough
    self.isFinal = isFinal
    self.openWindows = openWindows
    models = definitions.models
    currency = definitions.currency
    revision = rows.reduce(0) { $0 &+ $1.revision }
    // Of a field that conversions have themselves the name is a value like any other.
    let tellsUnattributed = definitions.isOfTouches(request.dimension)
    lines = rows.map { row in
      let name = row.dimensions[0]
      let kind = tellsUnattributed && name == unattributedName ? Kind.unattributed : .item
      return Line(kind: kind, name: name, sums: row.sums)
    }.sorted { left, right in
      if left.kind != right.kind { return left.kind == .item }
      return [left.name].precedesByBytes([right.name])
    }
    total = Line(kind: .total, name: "", sums: rows.total(modelCount: models.count))
    reconciliation = Reconciliation(
      board, definitions, request, range, closedThrough: closedThrough, view: view,
      total: total.sums)
  }

  private static func refusal(
    _ request: ReportRequest, _ range: Range<Milliseconds>, closedThrough: Milliseconds,
    _ openCount: Int
  ) -> String {
    let closed =
      closedThrough > range.lowerBound
      ? "closed through \(request.calendar.text(closedThrough))" : "none of it is closed"
    let open =
      openCount == 0 ? "" : ", \(openCount) open window\(openCount == 1 ? "" : "s") with numbers"
    return "\(request.day) in \(request.calendar.identifier) is not final yet: \(closed)\(open); "
      + "--provisional reports what is closed"
  }
}

extension RollupBoard {
  /// The view that a report reads: the one asked for, or else the one with the fewest dimensions, the
  /// longest period that fits the day, and conversions in the windows of their own time.
  fileprivate func view(for request: ReportRequest) throws -> View {
    let known = views.map(\.name)
    let wanted =
      [request.dimension] + request.filters.dimensions.filter { $0 != request.dimension }
    if let name = request.view {
      guard let view = views.first(where: { $0.name == name }) else {
        throw ReportingError.unknownView(name, known: known)
      }
      guard wanted.allSatisfy(view.dimensions.contains) else {
        throw ReportingError.noView(wanted, known: known)
      }
      return view
    }
    let able = views.filter { wanted.allSatisfy($0.dimensions.contains) }
    let range = request.calendar.range(of: request.day)
    func fits(_ view: View) -> Bool {
      view.windowStart(of: range.lowerBound) == range.lowerBound
        && view.windowStart(of: range.upperBound) == range.upperBound
    }
    let best = able.min { left, right in
      func rank(_ view: View) -> (Int, Int, Int, Int64) {
        (
          view.bucketConversionsBy == .conversion ? 0 : 1, fits(view) ? 0 : 1,
          view.dimensions.count, -view.periodMilliseconds
        )
      }
      return rank(left) < rank(right)
    }
    guard let best else { throw ReportingError.noView(wanted, known: known) }
    return best
  }
}
