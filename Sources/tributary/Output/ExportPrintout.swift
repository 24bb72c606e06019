import Codec
import Files
import Reporting

/// What became of the days of an export.
struct ExportPrintout {
  private struct Line {
    let day: CalendarDay
    let path: String
    let state: String
    let records: Int?
  }

  /// What records are called, as a column and as a field.
  private let counted: String

  private var lines: [Line] = []

  init(of counted: String) { self.counted = counted }

  mutating func add(_ day: CalendarDay, _ path: String, _ outcome: DayOutcome) {
    switch outcome {
    case .written(let count):
      lines.append(Line(day: day, path: path, state: "written", records: count))
    case .unchanged(let count):
      lines.append(Line(day: day, path: path, state: "unchanged", records: count))
    case .notFinal: lines.append(Line(day: day, path: path, state: "not final", records: nil))
    }
  }

  var text: String {
    let rows = lines.map { line in
      ["\(line.day)", line.path, line.state, line.records.map(NumberText.count) ?? ""]
    }
    return AlignedTable(header: ["day", "file", "state", counted], rows: rows, textColumns: 3)
      .text
  }

  var json: String {
    var output = JSONWriter()
    output.object { output in
      output.array("days", lines) { output, line in
        output.object { output in
          output.field("day", line.day.description)
          output.field("file", line.path)
          output.field("state", line.state)
          output.field(counted, line.records.map { Int64($0) })
        }
      }
    }
    return output.text
  }

  /// Why the export is not complete; nil when it is.
  var failure: String? {
    let open = lines.filter { $0.records == nil }
    guard let first = open.first, let last = open.last else { return nil }
    let days = ReportRequest.title(of: first.day...last.day)
    return
      "\(days) \(open.count == 1 ? "is" : "are") not final yet; run the same command again later"
  }
}
