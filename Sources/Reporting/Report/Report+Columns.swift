import Attribution
import Codec

extension Report {
  /// A number in each line of a report.
  public struct Column: Sendable {
    /// The measure's name, and the model's where several stand side by side.
    public let name: String
    public let measure: Measure
    /// Index among the definitions' models.
    public let model: Int
  }

  /// Measures that are the same under every model, then those that are not, model by model. The order
  /// never changes.
  public var columns: [Column] {
    let shared = [Measure.impressions, .clicks, .ctr, .spend, .cpc]
    let credited = [Measure.conversions, .conversionRate, .cpa, .revenue, .roas]
    return shared.map { Column(name: $0.rawValue, measure: $0, model: 0) }
      + request.models.flatMap { model in
        credited.map { measure in
          let suffix = request.models.count > 1 ? "_\(models[model].rawValue)" : ""
          return Column(name: measure.rawValue + suffix, measure: measure, model: model)
        }
      }
  }

  /// The lines, and the total as the last.
  public var allLines: [Line] { lines + [total] }
}

extension Report.Line {
  /// The number in a column, as text; nil where there is nothing to divide by.
  public func text(_ column: Report.Column) -> String? {
    column.measure.value(in: sums, model: column.model).map(column.measure.text)
  }
}
