import Attribution
import Codec

extension Report {
  /// One object; money, credits and ratios are decimal strings with six digits, a ratio with nothing
  /// to divide by is null.
  public var json: String {
    var output = JSONWriter()
    output.object { output in
      output.field("day", request.day.description)
      output.field("timezone", request.calendar.identifier)
      output.field("start", Time.formatSeconds(range.lowerBound))
      output.field("end", Time.formatSeconds(range.upperBound))
      output.field("state", state)
      output.field("closed_through", Time.formatSeconds(closedThrough))
      output.array("open_windows", openWindows) { $0.value(Time.formatSeconds($1)) }
      output.field("revision", revision)
      output.field("by", request.dimension.rawValue)
      if !request.filters.isEmpty {
        output.array("where", request.filters) { $0.value($1.description) }
      }
      output.field("view", view.name)
      output.array("models", request.models) { $0.value(models[$1].rawValue) }
      output.field("currency", currency)
      output.array("lines", lines) { append($1, to: &$0) }
      output.key("total")
      append(total, to: &output)
      output.key("reconciliation")
      append(reconciliation, to: &output)
      output.array("lost_input", lost) { $0.lostRange($1) }
    }
    return output.text + "\n"
  }

  private func append(_ line: Line, to output: inout JSONWriter) {
    output.object { output in
      output.field("line", line.kind.rawValue)
      if line.kind != .total { output.field(request.dimension.rawValue, line.name) }
      for column in columns { output.field(column.measure, named: column.name, line, column.model) }
    }
  }

  private func append(_ reconciliation: Reconciliation, to output: inout JSONWriter) {
    output.object { output in
      output.field("conversions_accepted", reconciliation.conversions)
      output.array("models", request.models) { output, model in
        let share = reconciliation.shares[model]
        output.object { output in
          output.field("model", models[model].rawValue)
          output.decimal("attributed", share.attributedCredit)
          output.decimal("unattributed", share.unattributed?.credit)
          output.decimal("attributed_revenue", share.attributedRevenue)
          output.decimal("unattributed_revenue", share.unattributed?.revenue)
        }
      }
      output.array("views_compared", reconciliation.views) { $0.value($1) }
      output.array("disagreements", reconciliation.disagreements) { $0.value($1) }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func field(
    _ measure: Measure, named name: String, _ line: Report.Line, _ model: Int
  ) {
    let value = measure.value(in: line.sums, model: model)
    field(name, value, of: measure.unit)
  }
}
