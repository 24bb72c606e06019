import Attribution
import Codec

extension Report {
  /// A number in each line of a report.
  public struct Column: Sendable {
    /// What of its measure a column shows.
    public enum Content: Sendable, Equatable {
      case value
      /// The value of the period before.
      case previous
      /// How much the value is more than that of the period before, as a part of that one.
      case change
      /// How much the value is more than under another model.
      case difference(from: Int)
    }

    /// The measure's name, with the model's where several stand side by side, and what else tells it from others.
    public let name: String
    public let measure: Measure
    /// Index among the definitions' models.
    public let model: Int
    public let content: Content

    public var unit: Measure.Unit { content == .change ? .micros : measure.unit }
  }

  /// Measures that are the same under every model, then those that are not, model by model. The order
  /// never changes.
  public var columns: [Column] {
    let shared = [Measure.impressions, .clicks, .ctr, .spend, .cpc]
    let credited = [Measure.conversions, .conversionRate, .cpa, .revenue, .roas]
    return shared.flatMap { columns($0, $0.rawValue, model: 0) }
      + request.models.flatMap { model in
        let suffix = request.models.count > 1 ? "_\(models[model].rawValue)" : ""
        return credited.flatMap { columns($0, $0.rawValue + suffix, model: model) }
          + differences(of: model)
      }
  }

  private func columns(_ measure: Measure, _ name: String, model: Int) -> [Column] {
    var columns = [Column(name: name, measure: measure, model: model, content: .value)]
    guard previous != nil else { return columns }
    columns.append(
      Column(name: name + "_previous", measure: measure, model: model, content: .previous))
    columns.append(
      Column(name: name + "_change", measure: measure, model: model, content: .change))
    return columns
  }

  private func differences(of model: Int) -> [Column] {
    guard request.showsModelDifferences, let first = request.models.first, model != first else {
      return []
    }
    return [Measure.conversions, .revenue].map { measure in
      Column(
        name: "\(measure.rawValue)_\(models[model].rawValue)_minus_\(models[first].rawValue)",
        measure: measure, model: model, content: .difference(from: first))
    }
  }

  /// The lines, and the total as the last.
  public var allLines: [Line] { lines + [total] }
}

extension Report.Line {
  /// The number in a column; nil where there is nothing to divide by.
  public func value(_ column: Report.Column) -> MicrosSum? {
    let value = column.measure.value(in: sums, model: column.model)
    switch column.content {
    case .value: return value
    case .previous: return former(column)
    case .change:
      guard let value, let former = former(column) else { return nil }
      return Measure.quotient(value - former, former, scale: MicrosSum(Money.microsPerUnit))
    case .difference(let model):
      guard let value, let other = column.measure.value(in: sums, model: model) else { return nil }
      return value - other
    }
  }

  private func former(_ column: Report.Column) -> MicrosSum? {
    previous.flatMap { column.measure.value(in: $0, model: column.model) }
  }

  /// The number in a column, as text; nil where there is nothing to divide by.
  public func text(_ column: Report.Column) -> String? {
    value(column).map { column.unit == .count ? "\($0)" : Money.format($0) }
  }
}
