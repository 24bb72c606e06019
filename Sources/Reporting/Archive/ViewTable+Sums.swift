import Attribution

extension ViewTable {
  /// A held window's rows; nil if it holds none any more.
  func heldRows(at start: Milliseconds) -> ArchivedRows? {
    let position = position(of: start)
    guard position < starts.count, starts[position] == start, windows[position].count > 0 else {
      return nil
    }
    return ArchivedRows(windows[position], corrections: corrections[start] ?? [:])
  }

  func change(of id: ArchivedRowsID, to rows: ArchivedRows?) -> ArchiveChange {
    guard let rows else { return .delete(id) }
    return .put(
      ArchivedWindow(id: id, count: rows.rows.count, corrections: rows.corrections.count),
      bytes: rows.encoded(for: id, width: layout.width))
  }

  /// Sums of hours and days that are archived for the first time, or of which a window has changed.
  ///
  /// - Parameters:
  ///   - former: up to where there were sums before.
  ///   - end: up to where there are to be; a start of a day.
  func forEachSumChange(
    from former: Milliseconds, to end: Milliseconds, _ reader: any ArchiveReader,
    _ body: (ArchiveChange) throws -> Void
  ) throws {
    guard let longest = summedLevels.first, let length = longest.length else { return }
    let isNew: (Milliseconds) -> Bool = { $0 >= former && $0 < end }
    let times = (changed ?? []).filter { $0 < end } + starts[..<position(of: end)].filter(isNew)
    for time in Set(times.map(longest.start)).sorted() {
      let windows = windowStarts(in: time..<time + length)
      guard summedLevels.contains(.hour), longest == .day else {
        let sums = try sum(windows.map { ($0, .window) }, reader)
        try body(change(of: id(longest, time), to: sums))
        continue
      }
      let hours = Dictionary(grouping: windows, by: WindowLevel.hour.start)
      let changedHours =
        isNew(time)
        ? Set(hours.keys)
        : Set((changed ?? []).filter { longest.start(of: $0) == time }.map(WindowLevel.hour.start))
      for hour in changedHours.sorted() {
        let sums = try sum((hours[hour] ?? []).map { ($0, .window) }, reader)
        try body(change(of: id(.hour, hour), to: sums))
      }
      let sums = try sum(hours.keys.sorted().map { ($0, .hour) }, reader)
      try body(change(of: id(.day, time), to: sums))
    }
  }

  private func id(_ level: WindowLevel, _ start: Milliseconds) -> ArchivedRowsID {
    ArchivedRowsID(view: index, level: level, start: start)
  }

  /// Starts of all windows that hold rollups, in no particular order.
  private func windowStarts(in range: Range<Milliseconds>) -> [Milliseconds] {
    Array(archived.starts[archived.positions(in: range)])
      + positions(in: range).filter { windows[$0].count > 0 }.map { starts[$0] }
  }

  /// Nil if there is nothing to sum.
  private func sum(
    _ parts: [(start: Milliseconds, level: WindowLevel)], _ reader: any ArchiveReader
  ) throws -> ArchivedRows? {
    guard !parts.isEmpty else { return nil }
    var sums = RowSums(layout: layout)
    var rows = ArchivedRows()
    for part in parts {
      if part.level == .window, let held = heldRows(at: part.start) {
        sums.add(held)
      } else {
        try read(id(part.level, part.start), reader, into: &rows)
        sums.add(rows)
      }
    }
    return sums.rows
  }
}
