import Codec
internal import Foundation

/// The rows of the channel report as text.
package enum ChannelReportText {
  private static let columns = [
    "channel_name", "date", "cost", "ihc", "ihc_revenue", "CPO", "ROAS",
  ]

  /// RFC 4180 with a header; lines end with CR LF. Numbers have six decimals; a ratio with nothing to
  /// divide by is empty.
  package static func csv(_ rows: [ChannelDay]) -> String {
    var writer = CSVWriter()
    for line in [columns] + rows.map(fields) { writer.line(line) }
    return writer.text
  }

  /// An array of objects; numbers are decimal strings with six digits, ratios may be null.
  package static func json(_ rows: [ChannelDay], models: [String: Int]) -> String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("conversions_by_model")
      writer.object { writer in
        for (model, count) in models.sorted(by: { $0.key < $1.key }) {
          writer.field(model, Int64(count))
        }
      }
      writer.array("rows", rows) { writer, row in
        writer.object { writer in
          for (name, text) in zip(columns, fields(row)) {
            writer.field(name, text.isEmpty && name != "channel_name" ? nil : text)
          }
        }
      }
    }
    return writer.text + "\n"
  }

  /// Header and cells of a table for the terminal, with two decimals.
  package static func table(_ rows: [ChannelDay]) -> (header: [String], rows: [[String]]) {
    let cells = rows.map { row in
      [row.channel, row.day.description]
        + [row.cost, row.ihc, row.revenue, row.costPerOrder, row.returnOnSpend].map {
          $0.map { String(format: "%.2f", $0) } ?? "–"
        }
    }
    return (columns, cells)
  }

  private static func fields(_ row: ChannelDay) -> [String] {
    [row.channel, row.day.description]
      + [row.cost, row.ihc, row.revenue, row.costPerOrder, row.returnOnSpend].map {
        $0.map { String(format: "%.6f", $0) } ?? ""
      }
  }
}
