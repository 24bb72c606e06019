import Attribution

extension RollupBoard {
  /// The groups that hold rollups, span by span, in no particular order within a span. None for an
  /// unknown view.
  ///
  /// O(rollups in the range + members of the view).
  public func rows(_ query: RollupQuery) -> [RollupRow] { rows(query) {} }

  /// As the other, for work that can be broken off.
  ///
  /// - Parameter check: called now and then; what it throws ends the work.
  public func rows(
    _ query: RollupQuery, check: () throws -> Void
  ) rethrows -> [RollupRow] {
    guard let table = table(of: query.view) else { return [] }
    return try table.rows(query, finalThrough: finalThrough, check: check)
  }

  /// Starts of a view's windows that hold rollups, ascending; none for an unknown view.
  public func windowStarts(of view: String) -> [Milliseconds] { table(of: view)?.starts ?? [] }

  /// The range of start times that covers the view's last `count` windows up to the newest one that
  /// holds a rollup; nil while there is none.
  public func lastWindows(_ count: Int, of view: String) -> Range<Milliseconds>? {
    guard let table = table(of: view), let newest = table.starts.last, count > 0 else { return nil }
    let end = newest + table.view.periodMilliseconds
    return (end - Milliseconds(count) * table.view.periodMilliseconds)..<end
  }

  /// The rollups that have been corrected after they were final, within a range of window starts:
  /// newest window first, at most `limit`.
  public func corrections(
    of view: String, in range: Range<Milliseconds>, filters: [DimensionFilter] = [], limit: Int
  ) -> [RollupCorrection] {
    guard let table = table(of: view) else { return [] }
    var found: [RollupCorrection] = []
    for start in table.corrections.keys.filter(range.contains).sorted(by: >) {
      let position = table.position(of: start)
      for (member, before) in table.corrections[start]!.sorted(by: { $0.key < $1.key }) {
        guard found.count < limit else { return found }
        let names = table.members.values[Int(member)]
        guard filters.isEmpty || filters.accept(names, of: table.view.dimensions),
          let row = table.windows[position].row(of: member)
        else { continue }
        found.append(
          RollupCorrection(
            windowStart: start, dimensions: names, before: before,
            after: table.sums(window: position, row: row),
            revision: table.windows[position].revisions[row]))
      }
    }
    return found
  }
}
