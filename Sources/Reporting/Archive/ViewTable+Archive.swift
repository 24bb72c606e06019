import Attribution

extension ViewTable {
  /// A part of a range that is summed at once.
  enum Piece {
    /// A window that is held, by its position.
    case held(Int)
    /// Rows in the archive, with an upper bound of how many.
    case archived(ArchivedRowsID, rowCount: Int)

    func start(in table: ViewTable) -> Milliseconds {
      switch self {
      case .held(let position): table.starts[position]
      case .archived(let id, _): id.start
      }
    }
  }

  /// How a query may use sums of whole hours and days.
  struct PieceRules {
    /// Starts of the spans that are summed apart, ascending.
    var spans: [Milliseconds] = []
    /// Every window that ends at or before this is final.
    var finalThrough: Milliseconds?
    /// No window that ends later is wanted.
    var closedThrough: Milliseconds?
    /// Windows that start before this may be summed in the archive by hour and day.
    var summedBefore: Milliseconds = .min
  }

  /// Levels that this view's archived windows are summed to, longest first.
  var summedLevels: [WindowLevel] {
    [WindowLevel.day, .hour].filter { level in
      guard let length = level.length else { return false }
      return view.periodMilliseconds < length && length.isMultiple(of: view.periodMilliseconds)
    }
  }

  /// Goes through the windows of a range in the order of time: each for itself, or all of an hour or a day at once.
  func forEachPiece(
    in range: Range<Milliseconds>, _ rules: PieceRules, _ body: (Piece) throws -> Bool
  ) rethrows {
    let held = positions(in: range)
    let stored = archived.positions(in: range)
    let levels = stored.isEmpty ? [] : summedLevels
    var (next, nextStored) = (held.lowerBound, stored.lowerBound)
    while next < held.upperBound || nextStored < stored.upperBound {
      let heldStart = next < held.upperBound ? starts[next] : .max
      guard nextStored < stored.upperBound, archived.starts[nextStored] < heldStart else {
        guard try body(.held(next)) else { return }
        next += 1
        continue
      }
      let start = archived.starts[nextStored]
      let level = levels.first { level in
        isSummable(level, at: start, in: range, rules, nextHeld: heldStart)
          && (nextStored == 0 || archived.starts[nextStored - 1] < level.start(of: start))
      }
      let end = level.map { $0.start(of: start) + $0.length! } ?? start + view.periodMilliseconds
      var rowCount = 0
      while nextStored < stored.upperBound, archived.starts[nextStored] < end {
        rowCount += Int(archived.counts[nextStored])
        nextStored += 1
      }
      let id = ArchivedRowsID(
        view: index, level: level ?? .window, start: level?.start(of: start) ?? start)
      let bound = level == nil ? rowCount : min(rowCount, members.count)
      guard try body(.archived(id, rowCount: bound)) else { return }
    }
  }

  /// Whether the sum of a whole hour or day stands for its windows: none is held or gone since, none is left out, none is
  /// in another span, and all are final.
  private func isSummable(
    _ level: WindowLevel, at start: Milliseconds, in range: Range<Milliseconds>,
    _ rules: PieceRules, nextHeld: Milliseconds
  ) -> Bool {
    let from = level.start(of: start)
    let end = from + level.length!
    guard from >= range.lowerBound, end <= range.upperBound, end <= rules.summedBefore,
      nextHeld >= end, !emptied.contains(where: { $0 >= from && $0 < end }),
      end <= rules.closedThrough ?? .max, end <= rules.finalThrough ?? .min
    else { return false }
    if let last = starts[..<position(of: start)].last, last >= from { return false }
    let span = rules.spans.firstPosition(notBefore: from + 1)
    return span == rules.spans.count || rules.spans[span] >= end
  }

  /// Reads rows that must be in the archive, of members that are known.
  func read(
    _ id: ArchivedRowsID, _ archive: any ArchiveReader, into rows: inout ArchivedRows
  ) throws {
    try archive.require(id, width: layout.width, into: &rows)
    guard Int(rows.rows.members.last ?? 0) < members.count || rows.rows.count == 0 else {
      throw ArchiveFailure.unreadable("names are missing: \(id.number)")
    }
  }

  // MARK: In and out

  /// Holds windows again that were archived, so that they can change.
  mutating func hold(_ windows: [(start: Milliseconds, rows: ArchivedRows)]) {
    guard !windows.isEmpty else { return }
    archived.remove(Set(windows.map(\.start)))
    merge(windows.sorted { $0.start < $1.start })
  }

  /// Adds windows, ascending, that are not held. O(windows).
  private mutating func merge(_ added: [(start: Milliseconds, rows: ArchivedRows)]) {
    var starts: [Milliseconds] = []
    var windows: [WindowRows] = []
    starts.reserveCapacity(self.starts.count + added.count)
    windows.reserveCapacity(self.starts.count + added.count)
    var next = 0
    func take(before end: Milliseconds) {
      while next < self.starts.count, self.starts[next] < end {
        starts.append(self.starts[next])
        windows.append(self.windows[next])
        next += 1
      }
    }
    for window in added {
      take(before: window.start)
      starts.append(window.start)
      windows.append(window.rows.rows)
      if !window.rows.corrections.isEmpty { corrections[window.start] = window.rows.corrections }
    }
    take(before: .max)
    self.starts = starts
    self.windows = windows
  }

  /// Lets go of held windows that start before `end` and lie in the archive by now.
  mutating func release(before end: Milliseconds) {
    let count = position(of: end)
    guard count > 0 else { return }
    archived.insert(
      (0..<count).map {
        ArchivedWindows.Entry(
          start: starts[$0], count: windows[$0].count,
          corrections: corrections[starts[$0]]?.count ?? 0)
      })
    for start in starts[..<count] { corrections[start] = nil }
    starts.removeFirst(count)
    windows.removeFirst(count)
  }
}
