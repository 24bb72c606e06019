import Attribution
import Codec

extension Report {
  /// One object; money, credits and ratios are decimal strings with six digits, a ratio with nothing
  /// to divide by is null.
  public var json: String {
    var output = JSONWriter()
    output.object { output in
      append(request.days, to: &output)
      output.field("timezone", request.calendar.identifier)
      output.field("start", Time.formatSeconds(range.lowerBound))
      output.field("end", Time.formatSeconds(range.upperBound))
      output.field("state", state)
      output.field("closed_through", Time.formatSeconds(closedThrough))
      output.array("open_windows", openWindows) { $0.value(Time.formatSeconds($1)) }
      output.field("revision", revision)
      if request.dimensions.count == 1 {
        output.field("by", request.dimensions[0].rawValue)
      } else {
        output.array("by", request.dimensions) { $0.value($1.rawValue) }
      }
      if !request.filters.isEmpty {
        output.array("where", request.filters) { $0.value($1.description) }
      }
      if let previous {
        output.object("previous") { output in
          append(previous.days, to: &output)
          output.field("start", Time.formatSeconds(previous.range.lowerBound))
          output.field("end", Time.formatSeconds(previous.range.upperBound))
          output.field("closed_through", Time.formatSeconds(previous.closedThrough))
        }
      }
      output.field("view", view.name)
      output.array("models", request.models) { $0.value(models[$1].rawValue) }
      output.field("currency", currency)
      let columns = columns
      output.array("lines", lines) { append($1, columns, to: &$0) }
      output.key("total")
      append(total, columns, to: &output)
      output.key("reconciliation")
      append(reconciliation, to: &output)
      output.array("lost_input", lost) { $0.lostRange($1) }
    }
    return output.text + "\n"
  }

  /// `day`, or `from` and `to`.
  private func append(_ days: ClosedRange<CalendarDay>, to output: inout JSONWriter) {
    guard days.lowerBound != days.upperBound else {
      return output.field("day", days.lowerBound.description)
    }
    output.field("from", days.lowerBound.description)
    output.field("to", days.upperBound.description)
  }

  private func append(_ line: Line, _ columns: [Column], to output: inout JSONWriter) {
    output.object { output in
      output.field("line", line.kind.rawValue)
      for (dimension, name) in zip(request.dimensions, line.names) {
        output.field(dimension.rawValue, name)
      }
      for column in columns { output.field(column.name, line.value(column), of: column.unit) }
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
