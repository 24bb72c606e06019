import Attribution
import Codec

extension RollupBoard {
  /// The groups that hold rollups, span by span, in no particular order within a span. None for an
  /// unknown view.
  ///
  /// Only for boards that hold everything, as those of `report` and `tail`.
  ///
  /// O(rollups in the range + members of the view).
  public func rows(_ query: RollupQuery) -> [RollupRow] {
    precondition(archive == nil, "archived windows have to be read")
    do { return try rows(query) {} } catch { return [] }
  }

  /// As the other, for work that can be broken off, and for boards with an archive.
  ///
  /// Throws `ArchiveFailure` where archived windows cannot be read, or not any more as they were.
  ///
  /// - Parameter check: called now and then; what it throws ends the work.
  public func rows(_ query: RollupQuery, check: () throws -> Void) throws -> [RollupRow] {
    guard let table = table(of: query.view) else { return [] }
    return try withArchive(from: table, in: query.range) { archive in
      try table.rows(
        query, finalThrough: finalThrough, archive, summedBefore: archivedBefore, check: check)
    }
  }

  func rules(of query: RollupQuery) -> ViewTable.PieceRules {
    ViewTable.PieceRules(
      spans: query.spans ?? [], finalThrough: finalThrough, closedThrough: query.closedThrough,
      summedBefore: archivedBefore)
  }

  /// Opens the archive if it holds windows of the range.
  private func withArchive<Result>(
    from table: ViewTable, in range: Range<Milliseconds>,
    _ body: ((any ArchiveReader)?) throws -> Result
  ) throws -> Result {
    guard let archive, !table.archived.positions(in: range).isEmpty else { return try body(nil) }
    return try archive.read(asOf: commit) { try body($0) }
  }

  /// Starts of a view's windows that hold rollups, ascending; none for an unknown view. O(windows).
  public func windowStarts(of view: String) -> [Milliseconds] {
    guard let table = table(of: view) else { return [] }
    guard !table.archived.starts.isEmpty else { return table.starts }
    var starts: [Milliseconds] = []
    table.forEachPiece(in: Time.earliest..<Time.latest, .init()) { piece in
      starts.append(piece.start(in: table))
      return true
    }
    return starts
  }

  /// From the start of a view's oldest window that holds a rollup to the end of the newest; nil while there is none.
  public func extent(of view: String) -> Range<Milliseconds>? {
    guard let table = table(of: view),
      let first = [table.starts.first, table.archived.starts.first].compactMap({ $0 }).min(),
      let last = [table.starts.last, table.archived.starts.last].compactMap({ $0 }).max()
    else { return nil }
    return first..<last + table.view.periodMilliseconds
  }

  /// How many windows of a view start within a range and are not final by time.
  public func openWindowCount(of view: String, in range: Range<Milliseconds>) -> Int {
    guard let table = table(of: view) else { return 0 }
    let first = (finalThrough ?? .min).addingReportingOverflow(1 - table.view.periodMilliseconds)
    let open = max(range.lowerBound, first.overflow ? .min : first.partialValue)
    guard open < range.upperBound else { return 0 }
    return table.positions(in: open..<range.upperBound).count
      + table.archived.positions(in: open..<range.upperBound).count
  }

  /// The range of start times that covers the view's last `count` windows up to the newest one that
  /// holds a rollup; nil while there is none.
  public func lastWindows(_ count: Int, of view: String) -> Range<Milliseconds>? {
    guard let table = table(of: view), let end = extent(of: view)?.upperBound, count > 0 else {
      return nil
    }
    return (end - Milliseconds(count) * table.view.periodMilliseconds)..<end
  }

  /// The rollups that have been corrected after they were final, within a range of window starts:
  /// newest window first, at most `limit`.
  ///
  /// Throws `ArchiveFailure` where archived windows cannot be read, or not any more as they were.
  public func corrections(
    of view: String, in range: Range<Milliseconds>, filters: [DimensionFilter] = [], limit: Int
  ) throws -> [RollupCorrection] {
    guard let table = table(of: view) else { return [] }
    let starts = Set(table.corrections.keys).union(table.archived.corrections.keys)
      .filter(range.contains).sorted(by: >)
    return try withArchive(from: table, in: range) { archive in
      var found: [RollupCorrection] = []
      var read = ArchivedRows()
      for start in starts where found.count < limit {
        if let before = table.corrections[start] {
          read = ArchivedRows(table.windows[table.position(of: start)], corrections: before)
        } else if let archive {
          let id = ArchivedRowsID(view: table.index, level: .window, start: start)
          try table.read(id, archive, into: &read)
        }
        for (member, before) in read.corrections.sorted(by: { $0.key < $1.key }) {
          guard found.count < limit else { return found }
          let names = table.members.values[Int(member)]
          guard filters.isEmpty || filters.accept(names, of: table.view.dimensions),
            let row = read.rows.row(of: member)
          else { continue }
          found.append(
            RollupCorrection(
              windowStart: start, dimensions: names, before: before,
              after: read.rows.sums(row: row, layout: table.layout),
              revision: read.rows.revisions[row]))
        }
      }
      return found
    }
  }
}
