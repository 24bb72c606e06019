import Attribution
import Codec
internal import Glibc
import Reporting

/// Writes the rollups of whole days into a folder, one file a day, for warehouses and other programs.
///
/// A file is there in full or not at all. One that says already what the rollups say is left alone, so that an export
/// can be run again and again: it writes what is new or was corrected.
public struct DayExport {
  public enum Format: String, CaseIterable, Sendable {
    case csv, jsonl
  }

  /// What became of a day.
  public enum Outcome: Equatable, Sendable {
    case written(rollups: Int)
    /// The file is what it would be.
    case unchanged(rollups: Int)
    /// Some of its windows are not final yet; no file was touched.
    case notFinal
  }

  private let board: RollupBoard
  private let definitions: Definitions
  private let calendar: ZonedCalendar
  private let views: [View]
  private let folder: String
  private let format: Format

  /// - Parameters:
  ///   - board: with the rollups of all days that will be asked for.
  ///   - views: whose rollups to write, in this order.
  ///   - folder: made where it is missing.
  public init(
    _ board: RollupBoard, _ definitions: Definitions, _ calendar: ZonedCalendar, views: [View],
    to folder: String, as format: Format
  ) throws {
    self.board = board
    self.definitions = definitions
    self.calendar = calendar
    self.views = views
    self.folder = folder
    self.format = format
    guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
      throw FileError.system(folder, "made")
    }
  }

  /// Where a day's file is.
  public func path(of day: CalendarDay) -> String {
    "\(folder)/rollups-\(day).\(format.rawValue)"
  }

  /// Throws `ReportingError` when the windows of a view do not fit the day.
  public func write(_ day: CalendarDay) throws -> Outcome {
    let range = calendar.range(of: day)
    for view in views { _ = try TimeUnit.all.starts(in: range, of: view, calendar) }
    guard let finalThrough = board.finalThrough, finalThrough >= range.upperBound else {
      return .notFinal
    }
    let path = path(of: day)
    var count = 0
    if let known = FileComparison(path) {
      forEachPiece(of: range) { bytes, rollups in
        count += rollups
        return known.continues(with: bytes)
      }
      if known.isAtEnd { return .unchanged(rollups: count) }
    }
    count = 0
    let file = try AtomicFile(path)
    try forEachPiece(of: range) { bytes, rollups in
      count += rollups
      try file.append { $0 += bytes }
      return true
    }
    try file.finish()
    return .written(rollups: count)
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
