import Reporting

/// Names and their measures in as many columns as a line takes: what matters least goes first, and long
/// names are cut last.
struct FittedTable {
  private let name: String
  private let measures: [Measure]
  private let rank: Measure
  private var names: [String] = []
  private var cells: [[String]] = []

  /// The order in which columns find room.
  private static let importance: [Measure] = [
    .clicks, .conversions, .revenue, .spend, .roas, .impressions, .ctr, .cpa, .conversionRate, .cpc,
    .users, .sessions,
  ]
  /// A name is not cut to less than this.
  private static let shortestName = 14

  /// - Parameters:
  ///   - name: the title of the first column.
  ///   - rank: the measure that the rows are sorted by; always there, and marked.
  init(name: String, measures: [Measure], rank: Measure) {
    self.name = name
    self.measures = measures
    self.rank = rank
  }

  mutating func add(_ name: String, _ cell: (Measure) -> String) {
    names.append(name)
    cells.append(measures.map(cell))
  }

  /// The title line, then one line a row.
  func lines(columns: Int?) -> [String] {
    let titles = measures.map(title)
    let widths = measures.indices.map { column in
      ([titles[column]] + cells.map { $0[column] }).map(TerminalText.width).max() ?? 0
    }
    let widest = ([name] + names).map(TerminalText.width).max() ?? 0
    var shown = Array(measures.indices)
    var nameWidth = widest
    if let columns {
      let need = min(widest, Self.shortestName)
      var room = columns - need
      shown = order.filter { column in
        guard room >= widths[column] + 2 else { return false }
        room -= widths[column] + 2
        return true
      }.sorted()
      nameWidth = min(widest, need + max(0, room))
    }
    return ([titles] + cells).enumerated().map { index, row in
      let name = index == 0 ? name : names[index - 1]
      return shown.reduce(pad(cut(name, to: nameWidth), to: nameWidth, isLeft: true)) {
        $0 + "  " + pad(row[$1], to: widths[$1], isLeft: false)
      }
    }
  }

  /// Columns as they find room: the one sorted by, then by importance.
  private var order: [Int] {
    ([rank] + Self.importance.filter { $0 != rank }).compactMap { measures.firstIndex(of: $0) }
  }

  private func title(_ measure: Measure) -> String {
    let title =
      switch measure {
      case .conversions: "conv."
      case .conversionRate: "conv. rate"
      default: measure.rawValue
      }
    return measure == rank ? title + " ▼" : title
  }

  private func cut(_ text: String, to width: Int) -> String {
    TerminalText.width(text) <= width
      ? text : TerminalText.prefix(text, columns: max(0, width - 1)) + "…"
  }

  private func pad(_ text: String, to width: Int, isLeft: Bool) -> String {
    TerminalText.padded(text, to: width, isLeft: isLeft)
  }
}
