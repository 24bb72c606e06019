import Attribution

/// The sums of one span, by group, in flat arrays that the next span uses again.
struct SpanSums {
  let layout: SumsLayout
  private var slotOfGroup: [Int32] = []
  private var groups: [Int] = []
  /// Sums of 64 bits, as long as they cannot leave them; `wide` has the rest.
  private var values: [Int64] = []
  private var wide: [MicrosSum] = []
  /// The most that any of `values` can have reached.
  private var reach: Int64 = 0
  private var counts: [Int] = []
  private var revisions: [Int64] = []
  private var isFinal: [Bool] = []
  /// Per slot, what corrections have added since the rollups were final.
  private var changes: [Int: RollupSums] = [:]

  init(layout: SumsLayout) { self.layout = layout }

  /// - Parameter rollupCounts: how many rollups each row sums; empty where it is one.
  mutating func add(
    _ window: WindowRows, corrections: [UInt32: RollupSums]?, rollupCounts: [Int] = [],
    to groups: inout QueryGroups, isFinal windowIsFinal: Bool
  ) {
    let width = layout.width
    let isNarrow = makeRoom(for: window)
    for row in 0..<window.count {
      let member = window.members[row]
      guard let group = groups.group(of: member) else { continue }
      let slot = slot(of: group)
      let from = row * width
      let to = slot * width
      if isNarrow {
        for column in 0..<width { values[to + column] &+= window.values[from + column] }
      } else {
        widen()
        for column in 0..<width { wide[to + column] += window.value(at: from + column) }
      }
      counts[slot] += rollupCounts.isEmpty ? 1 : rollupCounts[row]
      revisions[slot] &+= window.revisions[row]
      if !windowIsFinal, !window.isFinal[row] { isFinal[slot] = false }
      if let before = corrections?[member] {
        changes[slot, default: RollupSums(modelCount: layout.modelCount)]
          .add(window.sums(row: row, layout: layout).subtracting(before))
      }
    }
  }

  /// Whether the numbers of a window can be added to `values`, which may have to be emptied first.
  private mutating func makeRoom(for window: WindowRows) -> Bool {
    let (most, isTooMuch) = window.largest.multipliedReportingOverflow(by: Int64(window.count))
    guard !isTooMuch, window.wideValues.isEmpty else { return false }
    let (reached, isBeyond) = reach.addingReportingOverflow(most)
    if isBeyond { widen() }
    reach = isBeyond ? most : reached
    return true
  }

  /// Moves the sums to where there is room for 128 bits.
  private mutating func widen() {
    wide.append(contentsOf: repeatElement(0, count: values.count - wide.count))
    guard reach > 0 else { return }
    for place in values.indices {
      wide[place] += MicrosSum(values[place])
      values[place] = 0
    }
    reach = 0
  }

  private func sums(ofSlot slot: Int) -> RollupSums {
    let places = slot * layout.width..<(slot + 1) * layout.width
    return RollupSums(
      columns: places.map { place in
        MicrosSum(values[place]) + (place < wide.count ? wide[place] : 0)
      }, modelCount: layout.modelCount)
  }

  private mutating func slot(of group: Int) -> Int {
    while slotOfGroup.count <= group { slotOfGroup.append(-1) }
    if slotOfGroup[group] >= 0 { return Int(slotOfGroup[group]) }
    let slot = groups.count
    slotOfGroup[group] = Int32(slot)
    groups.append(group)
    values.append(contentsOf: repeatElement(0, count: layout.width))
    counts.append(0)
    revisions.append(0)
    isFinal.append(true)
    return slot
  }

  mutating func flush(
    from start: Milliseconds, _ members: QueryGroups, into rows: inout [RollupRow]
  ) {
    for (slot, group) in groups.enumerated() {
      let sums = sums(ofSlot: slot)
      rows.append(
        RollupRow(
          start: start, dimensions: members.dimensions(ofGroup: group), sums: sums,
          before: changes[slot].map { sums.subtracting($0) }, rollupCount: counts[slot],
          revision: revisions[slot], isFinal: isFinal[slot]))
      slotOfGroup[group] = -1
    }
    groups.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    wide.removeAll(keepingCapacity: true)
    reach = 0
    counts.removeAll(keepingCapacity: true)
    revisions.removeAll(keepingCapacity: true)
    isFinal.removeAll(keepingCapacity: true)
    changes.removeAll(keepingCapacity: true)
  }
}

extension RollupSums {
  /// Field by field.
  func subtracting(_ other: RollupSums) -> RollupSums {
    var sums = self
    sums.impressions -= other.impressions
    sums.clicks -= other.clicks
    sums.users -= other.users
    sums.sessions -= other.sessions
    sums.spend -= other.spend
    for model in credits.indices {
      sums.credits[model] -= other.credits[model]
      sums.revenues[model] -= other.revenues[model]
    }
    return sums
  }
}
