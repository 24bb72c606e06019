import Attribution
import Codec
import Reporting
import Service

/// `/api/rollups.csv`: the rows of `/api/rollups` for a spreadsheet, exact, names written as `report` writes them.
struct RollupsCSV {
  let query: APIQuery
  let rows: [RollupRow]
  let models: [Model]

  /// RFC 4180, with a header; lines end with CR LF. Every line tells when its span starts and whether it is final.
  var bytes: [UInt8] {
    let columns = columns
    var writer = CSVWriter()
    writer.line(
      ["start", "timezone", "state", "revision"] + query.dimensions.map(\.rawValue)
        + columns.map(\.title))
    for row in rows.prefix(query.limit) {
      writer.line(
        [
          query.calendar.text(row.start), query.calendar.identifier,
          row.isFinal ? "final" : "provisional", "\(row.revision)",
        ] + row.dimensions.map(CSVWriter.spreadsheetText)
          + columns.map { column in
            row.value(of: column.measure, model: column.model).map(column.measure.text) ?? ""
          })
    }
    return writer.bytes
  }

  private struct Column {
    let title: String
    let measure: Measure
    let model: Int
  }

  /// As the report names them: a measure with its model where there are several.
  private var columns: [Column] {
    Measure.allCases.filter { !$0.dependsOnModel }.map {
      Column(title: $0.rawValue, measure: $0, model: 0)
    }
      + query.models.flatMap { model in
        Measure.allCases.filter(\.dependsOnModel).map { measure in
          let name = measure.rawValue
          return Column(
            title: query.models.count > 1 ? "\(name)_\(models[model].rawValue)" : name,
            measure: measure, model: model)
        }
      }
  }
}
