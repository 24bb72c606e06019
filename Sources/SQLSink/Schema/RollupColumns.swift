import Attribution

/// The columns of the table of rollups: of extra dimensions it has those that are configured, and those that were.
struct RollupColumns: Equatable {
  /// Names of the columns of extra dimensions, in their order, as somebody spelled them first.
  private(set) var extra: [String]

  init(extra: [String] = []) { self.extra = extra }

  var dimensions: [String] { Schema.standardDimensions + extra }
  var key: [String] { ["view", "window_start"] + dimensions }
  var all: [String] {
    key + ["window_end"] + Schema.countColumns + ["spend_micros"] + Schema.modelColumns
      + ["currency", "final", "revision"]
  }

  /// Those together with a column for every dimension of the definitions. Columns are the same in any case.
  func adding(_ definitions: Definitions) -> RollupColumns {
    let known = Set(dimensions.map { $0.lowercased() })
    let names = definitions.allDimensions.map(\.rawValue)
    return RollupColumns(extra: extra + names.filter { !known.contains($0.lowercased()) })
  }

  /// The values of the dimensions' columns: `''` where the view has no such dimension.
  ///
  /// - Parameter values: of the view's dimensions.
  func values(_ values: [String], of view: [Dimension]) -> [SQLValue] {
    dimensions.map { column in
      let index = view.firstIndex { $0.rawValue.lowercased() == column.lowercased() }
      return .text(index.map { values[$0] } ?? "")
    }
  }
}
