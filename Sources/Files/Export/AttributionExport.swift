import Attribution
import Codec
import Reporting

/// Writes the attributions of whole days into a folder, one file a day, by the times of their conversions.
///
/// A day's file holds every conversion of that day once, as it was published last, those that were taken back
/// included, in the order of time and id. As with ``RollupExport``, a file is there in full or not at all, and one that
/// is up to date is left alone.
public struct AttributionExport {
  private let store: AttributionStore
  private let definitions: Definitions
  private let calendar: ZonedCalendar
  private let finalThrough: Milliseconds?
  private let folder: String
  private let format: ExportFormat

  /// - Parameters:
  ///   - store: with the attributions of all days that will be asked for.
  ///   - finalThrough: how far windows were final before the store was filled; nil where none were.
  ///   - folder: made where it is missing.
  public init(
    _ store: AttributionStore, _ definitions: Definitions, _ calendar: ZonedCalendar,
    finalThrough: Milliseconds?, to folder: String, as format: ExportFormat
  ) throws {
    self.store = store
    self.definitions = definitions
    self.calendar = calendar
    self.finalThrough = finalThrough
    self.folder = folder
    self.format = format
    try DayFile.makeFolder(folder)
  }

  /// Where a day's file is.
  public func path(of day: CalendarDay) -> String {
    "\(folder)/attributions-\(day).\(format.rawValue)"
  }

  public func write(_ day: CalendarDay) throws -> DayOutcome {
    let range = calendar.range(of: day)
    guard let finalThrough, finalThrough >= range.upperBound else { return .notFinal }
    return try DayFile(path: path(of: day)).write { body in
      try forEachPiece(of: range, body)
    }
  }

  /// About so many bytes of a file are in memory at a time.
  private static let pieceSize = 1 << 18

  private func forEachPiece(
    of range: Range<Milliseconds>, _ body: ([UInt8], Int) throws -> Bool
  ) throws {
    var csv = CSVWriter()
    var lines: [UInt8] = []
    if format == .csv { csv.line(ResultTables.attributionColumns(definitions)) }
    var count = 0
    var wantsMore = true
    func flush() throws {
      wantsMore = try body(format == .csv ? csv.bytes : lines, count)
      csv.removeAll()
      lines.removeAll(keepingCapacity: true)
      count = 0
    }
    try store.forEach(in: range) { value in
      switch format {
      case .csv: ResultTables.append(try AttributionCodec.decode(value), definitions, to: &csv)
      case .jsonl:
        lines.append(contentsOf: value)
        lines.append(UInt8(ascii: "\n"))
      }
      count += 1
      if csv.bytes.count + lines.count >= Self.pieceSize { try flush() }
      return wantsMore
    }
    if wantsMore { try flush() }
  }
}
