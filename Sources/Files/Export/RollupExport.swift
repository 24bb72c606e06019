import Attribution
import Codec
import Reporting

/// Writes the rollups of whole days into a folder, one file a day, for warehouses and other programs.
///
/// A file is there in full or not at all. One that says already what the rollups say is left alone, so that an export
/// can be run again and again: it writes what is new or was corrected.
public struct RollupExport {
  private let board: RollupBoard
  private let definitions: Definitions
  private let calendar: ZonedCalendar
  private let views: [View]
  private let folder: String
  private let format: ExportFormat

  /// - Parameters:
  ///   - board: with the rollups of all days that will be asked for.
  ///   - views: whose rollups to write, in this order.
  ///   - folder: made where it is missing.
  public init(
    _ board: RollupBoard, _ definitions: Definitions, _ calendar: ZonedCalendar, views: [View],
    to folder: String, as format: ExportFormat
  ) throws {
    self.board = board
    self.definitions = definitions
    self.calendar = calendar
    self.views = views
    self.folder = folder
    self.format = format
    try DayFile.makeFolder(folder)
  }

  /// Where a day's file is.
  public func path(of day: CalendarDay) -> String {
    "\(folder)/rollups-\(day).\(format.rawValue)"
  }

  /// Throws `ReportingError` when the windows of a view do not fit the day.
  public func write(_ day: CalendarDay) throws -> DayOutcome {
    let range = calendar.range(of: day)
    for view in views { _ = try TimeUnit.all.starts(in: range, of: view, calendar) }
    guard let finalThrough = board.finalThrough, finalThrough >= range.upperBound else {
      return .notFinal
    }
    return try DayFile(path: path(of: day)).write { body in
      try forEachPiece(of: range, body)
    }
  }

  /// Lends the file's bytes, piece by piece, with the number of rollups in each, as long as `body` wants more.
  private func forEachPiece(
    of range: Range<Milliseconds>, _ body: ([UInt8], Int) throws -> Bool
  ) rethrows {
    var text = RollupText(definitions, format)
    guard try body(text.header, 0) else { return }
    for view in views {
      // About an hour at a time, so that a day need not be in memory as text.
      let windows = max(1, 3_600_000 / view.periodMilliseconds)
      var start = range.lowerBound
      while start < range.upperBound {
        let end = min(start + windows * view.periodMilliseconds, range.upperBound)
        let rows = rows(of: view, in: start..<end)
        text.removeAll()
        for row in rows { text.append(row, of: view) }
        guard try body(text.bytes, rows.count) else { return }
        start = end
      }
    }
  }

  /// By window, then by names, by bytes.
  private func rows(of view: View, in range: Range<Milliseconds>) -> [RollupRow] {
    let windows = stride(
      from: range.lowerBound, to: range.upperBound, by: Milliseconds.Stride(view.periodMilliseconds)
    )
    return board.rows(RollupQuery(view: view.name, range: range, spans: Array(windows)))
      .sorted { left, right in
        left.start != right.start
          ? left.start < right.start : left.dimensions.precedesByBytes(right.dimensions)
      }
  }
}
