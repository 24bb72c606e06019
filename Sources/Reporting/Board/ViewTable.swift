import Attribution

/// One view's rollups, by window and member. Windows are held here or lie in an archive, never both.
struct ViewTable: Sendable {
  let view: View
  /// The view's place in the definitions.
  let index: Int
  let layout: SumsLayout
  var members: DimensionGroups
  /// Starts of the windows that are held here, ascending.
  var starts: [Milliseconds] = []
  /// Parallel to `starts`.
  var windows: [WindowRows] = []
  /// What final rollups said before they were corrected, by window and member: what they said first.
  var corrections: [Milliseconds: [UInt32: RollupSums]] = [:]
  /// How many rollups have been corrected after they were final.
  var correctionCount = 0
  /// The windows that lie in the archive.
  var archived = ArchivedWindows()
  /// Starts of the windows that have changed since the last commit to the archive; nil where there is none.
  var changed: Set<Milliseconds>?
  /// Starts of those among them that hold nothing any more, but may still be in sums of the archive.
  var emptied: Set<Milliseconds> = []

  /// What became of a revision.
  enum Outcome { case added, replaced, corrected, ignored }

  init(_ view: View, index: Int, modelCount: Int) {
    self.view = view
    self.index = index
    layout = SumsLayout(modelCount: modelCount)
    members = DimensionGroups(dimensionCount: view.dimensions.count)
  }

  /// Takes a revision, unless the same or a higher one is here. O(1), but O(windows) for the first
  /// rollup of a window.
  mutating func insert(_ rollup: Rollup) -> Outcome {
    let start = rollup.key.windowStart
    let member = members.intern(rollup.key.dimensions)
    let position = position(of: start)
    if position == starts.count || starts[position] != start {
      starts.insert(start, at: position)
      windows.insert(WindowRows(), at: position)
    }
    guard let row = windows[position].row(of: member) else {
      windows[position].put(rollup, member: member, layout: layout)
      changed?.insert(start)
      return .added
    }
    guard windows[position].revisions[row] < rollup.revision else { return .ignored }
    changed?.insert(start)
    let before = sums(window: position, row: row)
    let isCorrection = windows[position].isFinal[row] && before != rollup.sums
    windows[position].put(rollup, member: member, layout: layout)
    guard isCorrection else { return .replaced }
    if corrections[start]?[member] == nil {
      corrections[start, default: [:]][member] = before
      correctionCount += 1
    }
    return .corrected
  }

  /// Forgets a rollup; returns whether there was one.
  mutating func remove(_ key: RollupKey) -> Bool {
    let position = position(of: key.windowStart)
    guard position < starts.count, starts[position] == key.windowStart,
      let member = members.find(key.dimensions),
      windows[position].remove(member, layout: layout)
    else { return false }
    changed?.insert(key.windowStart)
    if corrections[key.windowStart]?.removeValue(forKey: member) != nil { correctionCount -= 1 }
    if windows[position].count == 0 {
      if changed != nil { emptied.insert(key.windowStart) }
      starts.remove(at: position)
      windows.remove(at: position)
    }
    return true
  }

  /// Forgets the windows that start before `start`; returns how many rollups they held.
  mutating func forget(before start: Milliseconds) -> Int {
    let end = position(of: start)
    guard end > 0 else { return 0 }
    let forgotten = windows[..<end].reduce(0) { $0 + $1.count }
    for old in starts[..<end] { corrections[old] = nil }
    starts.removeFirst(end)
    windows.removeFirst(end)
    let held = windows.reduce(0) { $0 + $1.count }
    if members.count > 2 * held + 1_000 { renumberMembers() }
    return forgotten
  }

  /// Gives the names that are still in use numbers of their own, and forgets the others.
  private mutating func renumberMembers() {
    let former = members
    members = DimensionGroups(dimensionCount: view.dimensions.count)
    for (index, old) in windows.enumerated() {
      var rows = WindowRows()
      for row in 0..<old.count {
        let columns = (row * layout.width..<(row + 1) * layout.width).map(old.value(at:))
        rows.put(
          columns, member: members.intern(former.values[Int(old.members[row])]),
          revision: old.revisions[row], isFinal: old.isFinal[row], layout: layout)
      }
      windows[index] = rows
    }
    corrections = corrections.mapValues { before in
      var renumbered: [UInt32: RollupSums] = [:]
      for (member, sums) in before {
        renumbered[members.intern(former.values[Int(member)])] = sums
      }
      return renumbered
    }
  }

  func sums(window: Int, row: Int) -> RollupSums {
    windows[window].sums(row: row, layout: layout)
  }

  /// Where `start` stands, or would stand, among the starts. O(log windows).
  func position(of start: Milliseconds) -> Int { starts.firstPosition(notBefore: start) }

  /// Positions of the windows that start within `range`.
  func positions(in range: Range<Milliseconds>) -> Range<Int> {
    position(of: range.lowerBound)..<position(of: range.upperBound)
  }
}
