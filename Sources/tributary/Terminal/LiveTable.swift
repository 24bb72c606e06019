import Attribution
import Codec
import Readers
import Reporting

/// The lines of a live table: what is known about time on top, then a view's last windows, summed by
/// dimension.
struct LiveTable {
  let view: View
  /// Index of the model among `models`.
  let model: Int
  let models: [Model]
  let currency: String
  /// How many of the latest windows are summed.
  let windowCount: Int
  var rank: Measure
  /// Only rows whose names hold this text, in any case; nil is all. The total is theirs.
  let filter: String?
  /// The most rows; nil is as many as fit.
  let limit: Int?
  /// By which of the view's dimensions rows are told apart; nil is by all.
  var dimensions: [Dimension]?
  /// Only what has these values.
  var conditions: [DimensionFilter] = []

  /// The rollups that it is made of.
  var selection: RollupFeed.Selection { .newest(windowCount, view) }

  /// The table as of `now`.
  ///
  /// - Parameters:
  ///   - publicationRate: rollups published per second, lately; nil when not known.
  ///   - rows: how many lines there is room for; nil without a bound.
  ///   - columns: how wide a line may be; what matters least is left out. Nil without a bound.
  func lines(
    _ board: RollupBoard, now: Milliseconds, publicationRate: Double?, rows: Int? = nil,
    columns: Int? = nil
  ) -> [StyledLine] {
    var lines = [
      StyledLine(
        Self.fit(header(board, now: now, publicationRate: publicationRate), to: columns), .bold)
    ]
    guard let range = board.lastWindows(windowCount, of: view.name) else {
      return lines + [StyledLine(""), StyledLine("no rollups of \(view.name) yet", .dim)]
    }
    let totals = board.rows(
      RollupQuery(view: view.name, range: range, dimensions: dimensions, filters: conditions)
    )
    .filter(isWanted).ranked(by: rank, model: model)
    lines.append(StyledLine(Self.fit(caption(totals, range), to: columns), .dim))

    // The column names and the total are rows, too, and there may be a line about what is left out.
    let room = rows.map { max(1, $0 - lines.count - 3) } ?? .max
    let shown = totals.prefix(min(limit ?? .max, room))
    var table = FittedTable(
      name: (dimensions ?? view.dimensions).map(\.rawValue).joined(separator: " / "),
      measures: measures, rank: rank
    )
    for row in shown { table.add(name(row.dimensions)) { cell($0, row.sums) } }
    let total = totals.total(modelCount: models.count)
    table.add("total") { $0.addsUp ? cell($0, total) : "" }
    let text = table.lines(columns: columns)
    lines.append(StyledLine(text[0], .inverse))
    lines += text.dropFirst().dropLast().map { StyledLine($0) }
    if shown.count < totals.count {
      lines.append(StyledLine("… \(totals.count - shown.count) more", .dim))
    }
    lines.append(StyledLine(text[text.count - 1], .bold))
    return lines
  }

  private func isWanted(_ row: RollupRow) -> Bool {
    guard let filter = filter?.lowercased() else { return true }
    return row.dimensions.contains { $0.lowercased().contains(filter) }
  }

  /// Distinct counts do not add up, so they are left out of several windows, of rows that sum several rollups, and of totals.
  private var measures: [Measure] {
    let isByRollup = windowCount == 1 && dimensions.map { $0 == view.dimensions } ?? true
    return Measure.allCases.filter { isByRollup || $0.addsUp }
  }

  private func header(
    _ board: RollupBoard, now: Milliseconds, publicationRate: Double?
  ) -> [String] {
    var parts = ["watermark \(clock(board.watermark))"]
    parts.append("final through \(clock(board.finalThrough))")
    if let watermark = board.watermark {
      parts.append("lag \(NumberText.duration(now - watermark))")
    }
    if let publicationRate { parts.append("\(NumberText.count(Int64(publicationRate))) updates/s") }
    return parts
  }

  private func caption(_ totals: [RollupRow], _ range: Range<Milliseconds>) -> [String] {
    let open = totals.count { !$0.isFinal }
    let state = open == 0 ? "final" : "open"
    return [
      "\(view.name)  \(Time.formatSeconds(range.lowerBound)) – \(clock(range.upperBound))  \(state)",
      models[model].rawValue, currency,
    ] + conditions.map { TerminalText.printable($0.description) }
      + (filter.map { ["names with \"\(TerminalText.printable($0))\""] } ?? [])
  }

  /// As many parts, from the first on, as a line takes.
  private static func fit(_ parts: [String], to columns: Int?) -> String {
    var parts = parts
    var separator = "  ·  "
    while let columns, TerminalText.width(parts.joined(separator: separator)) > columns,
      parts.count > 1
    {
      if separator == " · " { parts.removeLast() } else { separator = " · " }
    }
    let line = parts.joined(separator: separator)
    return columns.map { String(TerminalText.prefix(line, columns: $0)) } ?? line
  }

  private func cell(_ measure: Measure, _ sums: RollupSums) -> String {
    guard let value = measure.value(in: sums, model: model) else { return "–" }
    return measure.unit == .count ? NumberText.count(value) : NumberText.micros(value)
  }

  private func name(_ values: [String]) -> String {
    values.map { $0.isEmpty ? "(none)" : TerminalText.printable($0) }.joined(separator: " / ")
  }

  private func clock(_ time: Milliseconds?) -> String {
    time.map { String(Time.formatSeconds($0).dropFirst(11)) } ?? "–"
  }
}
