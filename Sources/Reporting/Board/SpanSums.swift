// Safety: numbers are added through pointers into whole rows of `width` numbers: a window has `count` rows, and every slot that `find`
// names has had its row appended to `values` before.

import Attribution

/// The sums of one span, by group, in flat arrays that the next span uses again.
struct SpanSums {
  private struct Tally {
    var rollupCount = 0
    var revision: Int64 = 0
    var isFinal = true
  }

  let layout: SumsLayout
  private var slotOfGroup: [Int32] = []
  private var groups: [Int] = []
  /// Sums of 64 bits, as long as they cannot leave them; `wide` has the rest.
  private var values: [Int64] = []
  private var wide: [MicrosSum] = []
  /// The most that any of `values` can have reached.
  private var reach: Int64 = 0
  /// Per slot.
  private var tallies: [Tally] = []
  /// Per slot, what corrections have added since the rollups were final.
  private var changes: [Int: RollupSums] = [:]
  /// Per row of the window that is being added; -1 for one that is left out.
  private var slots: [Int32] = []

  init(layout: SumsLayout) { self.layout = layout }

  /// - Parameter rollupCounts: how many rollups each row sums; empty where it is one.
  mutating func add(
    _ window: WindowRows, corrections: [UInt32: RollupSums]?, rollupCounts: [Int] = [],
    to groups: inout QueryGroups, isFinal windowIsFinal: Bool
  ) {
    let isNarrow = makeRoom(for: window)
    find(window, in: &groups)
    if isNarrow { addNarrow(window) } else { addWide(window) }
    tally(window, rollupCounts, isFinal: windowIsFinal)
    if let corrections, !corrections.isEmpty { addChanges(window, corrections) }
  }

  /// Fills `slots`.
  private mutating func find(_ window: WindowRows, in groups: inout QueryGroups) {
    // Out of `self`, so that each addition does not have to ask whose it is.
    var found: [Int32] = []
    swap(&found, &slots)
    found.removeAll(keepingCapacity: true)
    for member in window.members {
      let group = groups.group(of: member)
      found.append(group < 0 ? -1 : slot(of: Int(group)))
    }
    slots = found
  }

  private mutating func tally(_ window: WindowRows, _ rollupCounts: [Int], isFinal: Bool) {
    let slots = slots
    window.revisions.withUnsafeBufferPointer { revisions in
      var row = 0
      while row < slots.count {
        // Rows of one group often follow each other: their tally is written once.
        let slot = slots[row]
        let first = row
        var revision: Int64 = 0
        while row < slots.count, slots[row] == slot {
          revision &+= revisions[row]
          row += 1
        }
        guard slot >= 0 else { continue }
        let rows = first..<row
        tallies[Int(slot)].rollupCount +=
          rollupCounts.isEmpty ? rows.count : rollupCounts[rows].reduce(0, +)
        tallies[Int(slot)].revision &+= revision
        if !isFinal, !window.isFinal[rows].allSatisfy({ $0 }) {
          tallies[Int(slot)].isFinal = false
        }
      }
    }
  }

  private mutating func addNarrow(_ window: WindowRows) {
    let (width, slots) = (layout.width, slots)
    window.values.withUnsafeBufferPointer { source in
      values.withUnsafeMutableBufferPointer { target in
        guard var from = source.baseAddress, let start = target.baseAddress else { return }
        for slot in slots {
          if slot >= 0 {
            let to = start + Int(slot) * width
            for column in 0..<width { to[column] &+= from[column] }
          }
          from += width
        }
      }
    }
  }

  private mutating func addWide(_ window: WindowRows) {
    widen()
    let width = layout.width
    for (row, slot) in slots.enumerated() where slot >= 0 {
      for column in 0..<width {
        wide[Int(slot) * width + column] += window.value(at: row * width + column)
      }
    }
  }

  private mutating func addChanges(_ window: WindowRows, _ corrections: [UInt32: RollupSums]) {
    for (row, slot) in slots.enumerated() where slot >= 0 {
      guard let before = corrections[window.members[row]] else { continue }
      changes[Int(slot), default: RollupSums(modelCount: layout.modelCount)]
        .add(window.sums(row: row, layout: layout).subtracting(before))
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
    let start = slot * layout.width
    func sum(_ column: Int) -> MicrosSum {
      let place = start + column
      return MicrosSum(values[place]) + (place < wide.count ? wide[place] : 0)
    }
    var sums = RollupSums(modelCount: layout.modelCount)
    sums.impressions = Int64(sum(SumsLayout.impressions))
    sums.clicks = Int64(sum(SumsLayout.clicks))
    sums.users = Int64(sum(SumsLayout.users))
    sums.sessions = Int64(sum(SumsLayout.sessions))
    sums.spend = sum(SumsLayout.spend)
    for model in 0..<layout.modelCount {
      sums.credits[model] = Int64(sum(layout.credit(model)))
      sums.revenues[model] = sum(layout.revenue(model))
    }
    return sums
  }

  @inline(__always)
  private mutating func slot(of group: Int) -> Int32 {
    if group < slotOfGroup.count, slotOfGroup[group] >= 0 { return slotOfGroup[group] }
    return addSlot(of: group)
  }

  @inline(never)
  private mutating func addSlot(of group: Int) -> Int32 {
    while slotOfGroup.count <= group { slotOfGroup.append(-1) }
    let slot = Int32(groups.count)
    slotOfGroup[group] = slot
    groups.append(group)
    values.append(contentsOf: repeatElement(0, count: layout.width))
    tallies.append(Tally())
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
          before: changes[slot].map { sums.subtracting($0) },
          rollupCount: tallies[slot].rollupCount, revision: tallies[slot].revision,
          isFinal: tallies[slot].isFinal))
      slotOfGroup[group] = -1
    }
    groups.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    wide.removeAll(keepingCapacity: true)
    reach = 0
    tallies.removeAll(keepingCapacity: true)
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
