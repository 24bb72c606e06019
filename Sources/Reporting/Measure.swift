import Attribution

/// A number of a rollup, by its name in the record.
public enum Measure: String, CaseIterable, Sendable, Hashable {
  case impressions, clicks, users, sessions, conversions, revenue, spend

  /// What one of the measure is counted in.
  public enum Unit: Sendable {
    /// Whole things.
    case count
    /// Millionths: of a conversion, or of the currency.
    case micros
  }

  public var unit: Unit {
    switch self {
    case .impressions, .clicks, .users, .sessions: .count
    case .conversions, .revenue, .spend: .micros
    }
  }

  /// Whether sums over several windows mean what the measure says; distinct counts do not add up.
  public var addsUp: Bool { self != .users && self != .sessions }

  /// The measure's value in `sums`.
  ///
  /// - Parameter model: the model's index among those of the definitions; matters for conversions
  ///   and revenue.
  public func value(in sums: RollupSums, model: Int) -> Int64 {
    switch self {
    case .impressions: sums.impressions
    case .clicks: sums.clicks
    case .users: sums.users
    case .sessions: sums.sessions
    case .conversions: sums.credits[model]
    case .revenue: sums.revenues[model]
    case .spend: sums.spend
    }
  }
}

extension [RollupTotal] {
  /// Largest first by `measure`; equal ones by their dimension values.
  public func ranked(by measure: Measure, model: Int) -> [RollupTotal] {
    sorted { left, right in
      let leftValue = measure.value(in: left.sums, model: model)
      let rightValue = measure.value(in: right.sums, model: model)
      if leftValue != rightValue { return leftValue > rightValue }
      return left.dimensions.lexicographicallyPrecedes(right.dimensions) {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
    }
  }

  /// The sum of all of them.
  public func total(modelCount: Int) -> RollupSums {
    reduce(into: RollupSums(modelCount: modelCount)) { $0.add($1.sums) }
  }
}
