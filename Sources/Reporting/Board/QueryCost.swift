import Attribution

/// What a query will take, known before it runs.
public struct QueryCost: Equatable, Sendable {
  /// Rollups that are summed, at most.
  public var rollups: Int
  /// Spans of time that hold any.
  public var spans: Int
  /// Groups in a span, at most.
  public var groups: Int
  /// Rows that are read for it, at most: fewer than rollups where an archive has sums of whole hours and days.
  public var reads: Int

  /// Rows of the answer, at most.
  public var rows: Int { min(rollups, spans.multipliedReportingOverflow(by: groups).partialValue) }
}

extension RollupBoard {
  /// What `rows` would take. O(windows of the range + members of the view).
  public func cost(of query: RollupQuery) -> QueryCost {
    guard let table = table(of: query.view) else {
      return QueryCost(rollups: 0, spans: 0, groups: 0, reads: 0)
    }
    let positions = table.positions(in: query.range)
    let archived = table.archived.positions(in: query.range)
    let spans = query.spans?.count ?? 1
    var reads = 0
    table.forEachPiece(in: query.range, rules(of: query)) { piece in
      switch piece {
      case .held(let position): reads += table.windows[position].count
      case .archived(_, let rowCount): reads += rowCount
      }
      return true
    }
    return QueryCost(
      rollups: positions.reduce(0) { $0 + table.windows[$1].count }
        + table.archived.count(in: query.range),
      spans: min(spans, max(positions.count + archived.count, 1)),
      groups: table.groupCount(by: query.dimensions, query.filters), reads: reads)
  }
}

extension ViewTable {
  /// How many groups the members make, at most: exactly for none or one dimension, otherwise no more than the
  /// values of the dimensions combine to.
  func groupCount(by dimensions: [Dimension]?, _ filters: [DimensionFilter]) -> Int {
    let columns = (dimensions ?? view.dimensions).compactMap { view.dimensions.firstIndex(of: $0) }
    guard !columns.isEmpty else { return 1 }
    let chosen =
      filters.isEmpty
      ? Array(0..<members.count)
      : (0..<members.count).filter { filters.accept(members.values[$0], of: view.dimensions) }
    let combinations = columns.reduce(1) { product, column in
      let identifiers = members.valueIDs[column]
      var isSeen = Array(repeating: false, count: Int(identifiers.max() ?? 0) + 1)
      for member in chosen { isSeen[Int(identifiers[member])] = true }
      let (next, isTooMuch) = product.multipliedReportingOverflow(by: isSeen.count { $0 })
      return isTooMuch ? .max : next
    }
    return min(chosen.count, combinations)
  }
}
