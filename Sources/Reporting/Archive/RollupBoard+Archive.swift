import Attribution
import Codec

extension RollupBoard {
  private static let day: Milliseconds = 86_400_000

  // MARK: Going on

  /// Makes an empty board one that keeps old windows in `archive`.
  package mutating func keep(in archive: any WindowArchive, from state: ArchiveState) {
    precondition(count == 0, "only an empty board can be filled from an archive")
    self.archive = archive
    commit = state.commit
    archivedBefore = state.archivedBefore
    watermark = state.watermark
    revisionCount = state.revisionCount
    count = state.count
    finalThroughByPartition = state.finalThrough
    lost = state.lost
    for index in tables.indices {
      tables[index].changed = []
      tables[index].correctionCount = state.correctionCounts[index]
    }
  }

  /// Makes a name known, in the order in which the archive got them.
  package mutating func restore(member dimensions: [String], ofView view: Int) {
    _ = tables[view].members.intern(dimensions)
  }

  /// Notes windows of a view that are in the archive, ascending.
  package mutating func restore(_ windows: [ArchivedWindow], ofView view: Int) {
    tables[view].archived.insert(
      windows.map { .init(start: $0.id.start, count: $0.count, corrections: $0.corrections) })
  }

  /// Reads the archived windows that start at `start` or later into memory; `archivedBefore` goes back to it.
  package mutating func hold(from start: Milliseconds, _ reader: any ArchiveReader) throws {
    archivedBefore = min(archivedBefore, start)
    for index in tables.indices {
      let starts = tables[index].archived.starts
      let first = starts.firstPosition(notBefore: archivedBefore)
      try hold(
        starts[first...].map { ArchivedRowsID(view: index, level: .window, start: $0) }, reader)
    }
  }

  /// What the board says of itself, as of the next commit.
  package func state(archivedBefore: Milliseconds) -> ArchiveState {
    var state = ArchiveState(viewCount: tables.count)
    state.commit = commit + 1
    state.archivedBefore = archivedBefore
    state.watermark = watermark
    state.revisionCount = revisionCount
    state.count = count
    state.finalThrough = finalThroughByPartition
    state.lost = lost
    state.memberCounts = tables.map(\.members.count)
    state.correctionCounts = tables.map(\.correctionCount)
    return state
  }

  /// The names of a view from the `first` on.
  package func members(ofView view: Int, from first: Int) -> ArraySlice<[String]> {
    tables[view].members.values[first...]
  }

  package var viewCount: Int { tables.count }

  // MARK: Changing what is archived

  /// The archived windows that records are of: they must be held before the records are applied. Each once.
  package func archivedWindows(of records: some Sequence<RollupsRecord>) -> [ArchivedRowsID] {
    guard archive != nil else { return [] }
    var found: Set<ArchivedRowsID> = []
    for record in records {
      let key: RollupKey
      switch record {
      case .rollup(let rollup): key = rollup.key
      case .deletion(let deleted): key = deleted
      case .progress, .other: continue
      }
      guard key.windowStart < archivedBefore, let table = table(of: key.view),
        table.archived.contains(key.windowStart)
      else { continue }
      found.insert(ArchivedRowsID(view: table.index, level: .window, start: key.windowStart))
    }
    return Array(found)
  }

  /// How many rollups these windows hold.
  package func rollupCount(of windows: [ArchivedRowsID]) -> Int {
    windows.reduce(0) { sum, id in
      let archived = tables[id.view].archived
      return sum + Int(archived.counts[archived.position(of: id.start)])
    }
  }

  /// Reads archived windows for `hold`.
  package func read(_ windows: [ArchivedRowsID], _ reader: any ArchiveReader) throws -> HeldWindows
  {
    var held = HeldWindows()
    for id in windows {
      var rows = ArchivedRows()
      try tables[id.view].read(id, reader, into: &rows)
      held.windows[id.view, default: []].append((id.start, rows))
    }
    return held
  }

  /// Holds windows that were read for it.
  package mutating func hold(_ held: HeldWindows) {
    for (view, windows) in held.windows { tables[view].hold(windows) }
  }

  private mutating func hold(_ windows: [ArchivedRowsID], _ reader: any ArchiveReader) throws {
    hold(try read(windows, reader))
  }

  /// Windows on their way from the archive into memory.
  package struct HeldWindows: Sendable {
    fileprivate var windows: [Int: [(start: Milliseconds, rows: ArchivedRows)]] = [:]
    package init() {}
    package var isEmpty: Bool { windows.isEmpty }
  }

  // MARK: Commits

  /// How many rollups are held of windows that start before `time`.
  package func heldCount(before time: Milliseconds) -> Int {
    tables.reduce(0) { sum, table in
      sum + table.windows[..<table.position(of: time)].reduce(0) { $0 + $1.count }
    }
  }

  /// The next day's start up to which windows may go to the archive, so that no more than about `limit` rollups go at
  /// once; no later than `end`.
  package func archivableBefore(_ end: Milliseconds, limit: Int) -> Milliseconds {
    let end = WindowLevel.day.start(of: end)
    guard end > archivedBefore else { return archivedBefore }
    guard let first = tables.compactMap(\.starts.first).min(), first < end else { return end }
    var time = max(archivedBefore, WindowLevel.day.start(of: first))
    repeat { time += Self.day } while time < end && heldCount(before: time) < limit
    return time
  }

  /// Whether a commit would change anything but positions.
  package var hasChanges: Bool { tables.contains { !($0.changed ?? []).isEmpty } }

  /// What the archive lacks: windows that have changed, and sums of the hours and days that hold them or are archived
  /// for the first time.
  ///
  /// - Parameters:
  ///   - end: what `archivedBefore` will be; a start of a day.
  ///   - reader: reads the archive, with the changes that `body` has already been given.
  package func forEachArchiveChange(
    before end: Milliseconds, _ reader: any ArchiveReader, _ body: (ArchiveChange) throws -> Void
  ) throws {
    for table in tables {
      for start in (table.changed ?? []).sorted() {
        let id = ArchivedRowsID(view: table.index, level: .window, start: start)
        try body(table.change(of: id, to: table.heldRows(at: start)))
      }
      try table.forEachSumChange(from: archivedBefore, to: end, reader, body)
    }
  }

  /// The archive has taken everything: lets go of the windows that start before `end`.
  package mutating func committed(before end: Milliseconds) {
    commit += 1
    archivedBefore = max(archivedBefore, end)
    for index in tables.indices {
      tables[index].changed = []
      tables[index].emptied = []
      tables[index].release(before: archivedBefore)
    }
  }
}
