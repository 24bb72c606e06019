import Attribution
import Codec

/// The closed windows of a day, or of several, summed: what is billed from.
///
/// It is a function of the rollups of its days and nothing else: the same days at the same revision are
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
    /// The campaign, channel, ad, or whatever the dimensions hold, one each; may be empty. A total has none.
    public var names: [String]
    public var sums: RollupSums
    /// The sums of the period before; nil where none is compared.
    public var previous: RollupSums?
  }

  /// The days that stand beside those of the report.
  public struct PreviousPeriod: Sendable {
    public let days: ClosedRange<CalendarDay>
    public let range: Range<Milliseconds>
    /// Within `range`, as far as its windows are closed.
    public let closedThrough: Milliseconds
  }

  public let request: ReportRequest
  public let view: View
  /// The days' instants.
  public let range: Range<Milliseconds>
  public let models: [Model]
  public let currency: String
  /// Whether every window that it takes numbers from is closed.
  public let isFinal: Bool
  /// Windows that end at or before this are in the report; within `range`.
  public let closedThrough: Milliseconds
  /// Starts of the windows that hold rollups but are not closed, ascending.
  public let openWindows: [Milliseconds]
  public let previous: PreviousPeriod?
  /// The sum of the revisions of what is reported: grows with every correction.
  public let revision: Int64
  /// By name, by bytes; then what is unattributed, if anything.
  public let lines: [Line]
  public let total: Line
  public let reconciliation: Reconciliation
  /// Input that was gone before it was read and that the numbers may miss.
  public let lost: [LostRange]

  /// Throws `ReportingError` when there is no view for it, when the view's windows do not fit the days, or when the
  /// days are not over and provisional numbers are not wanted.
  public init(_ board: RollupBoard, _ definitions: Definitions, _ request: ReportRequest) throws {
    let view = try board.view(for: request)
    let sums = try PeriodSums(board, view, request.days, request)
    let former = try request.previousDays.map { days in
      (days, sums: try PeriodSums(board, view, days, request))
    }
    lost = board.lostInput(
      touching: request.range, correctionHorizon: definitions.correctionHorizon)
    self.request = request
    self.view = view
    range = sums.range
    closedThrough = sums.closedThrough
    isFinal = sums.isFinal && former?.sums.isFinal ?? true
    openWindows = sums.openWindows
    previous = former.map { days, sums in
      PreviousPeriod(days: days, range: sums.range, closedThrough: sums.closedThrough)
    }
    models = definitions.models
    currency = definitions.currency
    revision = sums.revision &+ (former?.sums.revision ?? 0)
    lines = Self.lines(sums.rows, beside: former?.sums.rows, definitions, request.dimensions)
    total = Line(
      kind: .total, names: [], sums: sums.rows.total(modelCount: models.count),
      previous: former?.sums.rows.total(modelCount: models.count))
    reconciliation = Reconciliation(
      board, definitions, request, range, closedThrough: closedThrough, view: view,
      total: total.sums)
  }

  /// A line for what either period has.
  private static func lines(
    _ rows: [RollupRow], beside former: [RollupRow]?, _ definitions: Definitions,
    _ dimensions: [Dimension]
  ) -> [Line] {
    let zero = RollupSums(modelCount: definitions.models.count)
    var previous: [[ByteString]: RollupSums] = [:]
    for row in former ?? [] { previous[row.dimensions.map { ByteString($0) }] = row.sums }
    // Of a field that conversions have themselves the name is a value like any other.
    let ofTouches = dimensions.indices.filter { definitions.isOfTouches(dimensions[$0]) }
    func line(_ names: [String], _ sums: RollupSums, _ previous: RollupSums?) -> Line {
      let isUnattributed = ofTouches.contains { names[$0] == unattributedName }
      return Line(
        kind: isUnattributed ? .unattributed : .item, names: names, sums: sums, previous: previous)
    }
    var lines = rows.map { row in
      let sums = previous.removeValue(forKey: row.dimensions.map { ByteString($0) })
      return line(row.dimensions, row.sums, former == nil ? nil : sums ?? zero)
    }
    lines += previous.map { line($0.key.map(\.text), zero, $0.value) }
    return lines.sorted { left, right in
      if left.kind != right.kind { return left.kind == .item }
      return left.names.precedesByBytes(right.names)
    }
  }
}
