import Reporting

/// What one question may cost. Whoever asks for more is told before anything is summed.
enum QueryBudget {
  /// Rollups that are summed, or sums of them that the history has by hour and day: two seconds of one core.
  static let rollups = 50_000_000
  /// Rows that are built before they are sorted and cut to the limit: about 100 MB.
  static let rows = 250_000

  static func check(_ cost: QueryCost) throws(APIError) {
    guard cost.rows <= rows else {
      throw APIError(
        "up to \(cost.rows) rows (\(cost.spans) spans of \(cost.groups) groups), and at most \(rows) are "
          + "possible: choose a longer unit, a shorter range, fewer dimensions or a condition")
    }
    guard cost.reads <= rollups else {
      throw APIError(
        "\(cost.rollups) rollups lie in the range, and at most \(rollups) are possible: choose a "
          + "shorter range, or a view with longer windows or fewer dimensions")
    }
  }
}
