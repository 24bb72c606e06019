import Attribution

/// The windows of an hour or a day added up, member by member.
struct RowSums {
  private let layout: SumsLayout
  private var slots: [UInt32: Int] = [:]
  private var values: [MicrosSum] = []
  private var revisions: [Int64] = []
  private var counts: [Int] = []
  /// What corrections have added.
  private var changes: [UInt32: RollupSums] = [:]

  init(layout: SumsLayout) { self.layout = layout }

  mutating func add(_ window: ArchivedRows) {
    let rows = window.rows
    let width = layout.width
    for row in 0..<rows.count {
      let member = rows.members[row]
      let slot = slots[member] ?? values.count / width
      if slot * width == values.count {
        slots[member] = slot
        values.append(contentsOf: repeatElement(0, count: width))
        revisions.append(0)
        counts.append(0)
      }
      for column in 0..<width {
        values[slot * width + column] += rows.value(at: row * width + column)
      }
      revisions[slot] &+= rows.revisions[row]
      counts[slot] += window.counts.isEmpty ? 1 : window.counts[row]
      if let before = window.corrections[member] {
        changes[member, default: RollupSums(modelCount: layout.modelCount)]
          .add(rows.sums(row: row, layout: layout).subtracting(before))
      }
    }
  }

  var rows: ArchivedRows {
    var result = ArchivedRows()
    for (member, slot) in slots.sorted(by: { $0.key < $1.key }) {
      let columns = Array(values[slot * layout.width..<(slot + 1) * layout.width])
      result.rows.put(
        columns, member: member, revision: revisions[slot], isFinal: true, layout: layout)
      result.counts.append(counts[slot])
      if let change = changes[member] {
        result.corrections[member] = RollupSums(columns: columns, modelCount: layout.modelCount)
          .subtracting(change)
      }
    }
    return result
  }
}
