import Attribution

/// Which windows of a view lie in an archive, in the order of time: 12 bytes a window.
struct ArchivedWindows: Sendable {
  private(set) var starts: [Milliseconds] = []
  /// How many rollups each holds.
  private(set) var counts: [Int32] = []
  /// How many of its rollups were corrected after they were final, of those where any was.
  private(set) var corrections: [Milliseconds: Int] = [:]
  /// Rollups in all of them.
  private(set) var rollupCount = 0

  struct Entry {
    var start: Milliseconds
    var count: Int
    var corrections: Int
  }

  func position(of start: Milliseconds) -> Int { starts.firstPosition(notBefore: start) }

  func positions(in range: Range<Milliseconds>) -> Range<Int> {
    position(of: range.lowerBound)..<position(of: range.upperBound)
  }

  func contains(_ start: Milliseconds) -> Bool {
    let position = position(of: start)
    return position < starts.count && starts[position] == start
  }

  func count(in range: Range<Milliseconds>) -> Int {
    positions(in: range).reduce(0) { $0 + Int(counts[$1]) }
  }

  /// Adds windows, ascending, that are not here. O(windows), but O(added) if they are newer than all.
  mutating func insert(_ added: [Entry]) {
    guard let first = added.first else { return }
    let isNewer = starts.last.map { $0 < first.start } ?? true
    var older = (starts: [Milliseconds](), counts: [Int32]())
    if !isNewer { swap(&older, &self.columns) }
    var next = 0
    func take(before end: Milliseconds, _ result: inout Self) {
      while next < older.starts.count, older.starts[next] < end {
        result.starts.append(older.starts[next])
        result.counts.append(older.counts[next])
        next += 1
      }
    }
    for entry in added {
      take(before: entry.start, &self)
      starts.append(entry.start)
      counts.append(Int32(clamping: entry.count))
      rollupCount += entry.count
      if entry.corrections > 0 { corrections[entry.start] = entry.corrections }
    }
    take(before: .max, &self)
  }

  /// Takes windows out. O(windows).
  mutating func remove(_ removed: Set<Milliseconds>) {
    guard !removed.isEmpty else { return }
    var kept = 0
    for place in starts.indices {
      if removed.contains(starts[place]) {
        rollupCount -= Int(counts[place])
        corrections[starts[place]] = nil
        continue
      }
      starts[kept] = starts[place]
      counts[kept] = counts[place]
      kept += 1
    }
    starts.removeLast(starts.count - kept)
    counts.removeLast(counts.count - kept)
  }

  private var columns: (starts: [Milliseconds], counts: [Int32]) {
    get { (starts, counts) }
    set { (starts, counts) = newValue }
  }
}

extension [Milliseconds] {
  /// Where `time` stands, or would stand, in this ascending list. O(log count).
  func firstPosition(notBefore time: Milliseconds) -> Int {
    // Most questions are about the newest.
    if let last, last < time { return count }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
