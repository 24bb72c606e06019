/// Columns for the terminal: text to the left, numbers to the right.
struct AlignedTable {
  let header: [String]
  let rows: [[String]]
  /// How many columns, from the first on, are text.
  var textColumns = 1

  var text: String {
    let all = [header] + rows
    let widths = header.indices.map { column in
      all.map { TerminalText.width($0[column]) }.max() ?? 0
    }
    return all.map { row in
      row.indices.map { column in
        TerminalText.padded(row[column], to: widths[column], isLeft: column < textColumns)
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
