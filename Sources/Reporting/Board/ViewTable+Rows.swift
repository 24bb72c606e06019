import Attribution

extension ViewTable {
  /// - Parameters:
  ///   - archive: where archived windows are read; needed if there are any in the range.
  ///   - summedBefore: windows that start before this may be summed in the archive by hour and day.
  func rows(
    _ query: RollupQuery, finalThrough: Milliseconds?, _ archive: (any ArchiveReader)?,
    summedBefore: Milliseconds, check: () throws -> Void
  ) throws -> [RollupRow] {
    var groups = QueryGroups(self, by: query.dimensions, query.filters)
    var rows: [RollupRow] = []
    var span = SpanSums(layout: layout)
    let spans = query.spans ?? [query.range.lowerBound]
    var next = 0
    var read = ArchivedRows()
    let rules = PieceRules(
      spans: spans, finalThrough: finalThrough, closedThrough: query.closedThrough,
      summedBefore: summedBefore)
    try forEachPiece(in: query.range, rules) { piece in
      let start = piece.start(in: self)
      let end = start + view.periodMilliseconds
      if let closed = query.closedThrough, end > closed { return false }
      try check()
      while next < spans.count, spans[next] <= start {
        span.flush(from: next > 0 ? spans[next - 1] : spans[0], groups, into: &rows)
        next += 1
      }
      let isFinal = finalThrough.map { end <= $0 } ?? false
      switch piece {
      case .held(let position):
        span.add(
          windows[position], corrections: corrections[start], to: &groups, isFinal: isFinal)
      case .archived(let id, _):
        guard let archive else { throw ArchiveFailure.changed }
        try self.read(id, archive, into: &read)
        span.add(
          read.rows, corrections: read.corrections, rollupCounts: read.counts, to: &groups,
          isFinal: isFinal)
      }
      return true
    }
    span.flush(from: next > 0 ? spans[next - 1] : query.range.lowerBound, groups, into: &rows)
    return rows
  }
}
