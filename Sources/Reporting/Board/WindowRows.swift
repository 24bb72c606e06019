import Attribution

/// The rollups of one window, row by row in flat arrays: about 80 bytes a row with one model.
///
/// Numbers stand in the order of `SumsLayout`, with 64 bits each; the few sums that need more are held in full
/// beside them.
struct WindowRows: Sendable {
  /// The member that each row counts for.
  private(set) var members: [UInt32] = []
  private(set) var revisions: [Int64] = []
  private(set) var isFinal: [Bool] = []
  /// `layout.width` numbers a row.
  private(set) var values: [Int64] = []
  /// No number of 64 bits was ever further from zero.
  private(set) var largest: Int64 = 0
  /// The sums that 64 bits do not hold, by place in `values`.
  private(set) var wideValues: [Int: MicrosSum] = [:]

  private var rowOfMember: [UInt32: UInt32] = [:]

  var count: Int { members.count }

  func row(of member: UInt32) -> Int? { rowOfMember[member].map(Int.init) }

  /// Adds a row, or replaces the member's.
  mutating func put(_ rollup: Rollup, member: UInt32, layout: SumsLayout) {
    if let row = row(of: member) {
      revisions[row] = rollup.revision
      isFinal[row] = rollup.isFinal
      write(rollup.sums, at: row * layout.width)
      return
    }
    rowOfMember[member] = UInt32(members.count)
    members.append(member)
    revisions.append(rollup.revision)
    isFinal.append(rollup.isFinal)
    values.append(contentsOf: repeatElement(0, count: layout.width))
    write(rollup.sums, at: values.count - layout.width)
  }

  private mutating func write(_ sums: RollupSums, at start: Int) {
    for (column, sum) in sums.columns.enumerated() { set(start + column, sum) }
  }

  private mutating func set(_ place: Int, _ sum: MicrosSum) {
    let value = Int64(truncatingIfNeeded: sum)
    values[place] = value
    largest = max(largest, value == .min ? .max : abs(value))
    if Int64(exactly: sum) == nil {
      wideValues[place] = sum
    } else if !wideValues.isEmpty {
      wideValues[place] = nil
    }
  }

  /// A number by its place in `values`, exactly.
  @inline(__always)
  func value(at place: Int) -> MicrosSum {
    if !wideValues.isEmpty, let sum = wideValues[place] { return sum }
    return MicrosSum(values[place])
  }

  /// The sums of a row.
  func sums(row: Int, layout: SumsLayout) -> RollupSums {
    RollupSums(
      columns: (row * layout.width..<(row + 1) * layout.width).map(value(at:)),
      modelCount: layout.modelCount)
  }

  /// Takes a member's row out; the last row takes its place. Returns whether there was one.
  mutating func remove(_ member: UInt32, layout: SumsLayout) -> Bool {
    guard let row = row(of: member) else { return false }
    let last = members.count - 1
    rowOfMember[members[last]] = UInt32(row)
    rowOfMember[member] = nil
    members.swapAt(row, last)
    revisions.swapAt(row, last)
    isFinal.swapAt(row, last)
    for column in 0..<layout.width {
      let sum = value(at: last * layout.width + column)
      set(last * layout.width + column, 0)
      if row != last { set(row * layout.width + column, sum) }
    }
    members.removeLast()
    revisions.removeLast()
    isFinal.removeLast()
    values.removeLast(layout.width)
    return true
  }
}
