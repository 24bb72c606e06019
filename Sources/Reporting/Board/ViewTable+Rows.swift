import Attribution

extension ViewTable {
  func rows(
    _ query: RollupQuery, finalThrough: Milliseconds?, check: () throws -> Void
  ) rethrows -> [RollupRow] {
    var groups = QueryGroups(self, by: query.dimensions, query.filters)
    var rows: [RollupRow] = []
    var span = SpanSums(layout: layout)
    let spans = query.spans ?? [query.range.lowerBound]
    var next = 0
    for position in positions(in: query.range) {
      let start = starts[position]
      let end = start + view.periodMilliseconds
      if let closed = query.closedThrough, end > closed { break }
      try check()
      while next < spans.count, spans[next] <= start {
        span.flush(from: next > 0 ? spans[next - 1] : spans[0], groups, into: &rows)
        next += 1
      }
      span.add(
        windows[position], corrections: corrections[start], to: &groups,
        isFinal: finalThrough.map { end <= $0 } ?? false)
    }
    span.flush(from: next > 0 ? spans[next - 1] : query.range.lowerBound, groups, into: &rows)
    return rows
  }
}
