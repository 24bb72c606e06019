import Attribution

/// The rollups of one window, row by row in flat arrays: about 80 bytes a row with one model.
struct WindowRows: Sendable {
  /// The member that each row counts for.
  private(set) var members: [UInt32] = []
  private(set) var revisions: [Int64] = []
  private(set) var isFinal: [Bool] = []
  /// `layout.width` numbers a row.
  private(set) var values: [Int64] = []

  private var rowOfMember: [UInt32: UInt32] = [:]

  var count: Int { members.count }

  func row(of member: UInt32) -> Int? { rowOfMember[member].map(Int.init) }

  /// Adds a row, or replaces the member's.
  mutating func put(_ rollup: Rollup, member: UInt32, layout: SumsLayout) {
    if let row = row(of: member) {
      revisions[row] = rollup.revision
      isFinal[row] = rollup.isFinal
      layout.write(rollup.sums, to: &values, at: row * layout.width)
      return
    }
    rowOfMember[member] = UInt32(members.count)
    members.append(member)
    revisions.append(rollup.revision)
    isFinal.append(rollup.isFinal)
    values.append(contentsOf: repeatElement(0, count: layout.width))
    layout.write(rollup.sums, to: &values, at: values.count - layout.width)
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
      values[row * layout.width + column] = values[last * layout.width + column]
    }
    members.removeLast()
    revisions.removeLast()
    isFinal.removeLast()
    values.removeLast(layout.width)
    return true
  }
}

/// Where each number of a rollup stands in a row: five counts, then a credit and a revenue per model.
struct SumsLayout: Sendable {
  let modelCount: Int

  private static let fixedWidth = 5

  var width: Int { Self.fixedWidth + 2 * modelCount }

  func write(_ sums: RollupSums, to values: inout [Int64], at start: Int) {
    values[start] = sums.impressions
    values[start + 1] = sums.clicks
    values[start + 2] = sums.users
    values[start + 3] = sums.sessions
    values[start + 4] = sums.spend
    for model in 0..<modelCount {
      values[start + Self.fixedWidth + model] = sums.credits[model]
      values[start + Self.fixedWidth + modelCount + model] = sums.revenues[model]
    }
  }

  func read(_ values: [Int64], at start: Int) -> RollupSums {
    var sums = RollupSums(modelCount: modelCount)
    sums.impressions = values[start]
    sums.clicks = values[start + 1]
    sums.users = values[start + 2]
    sums.sessions = values[start + 3]
    sums.spend = values[start + 4]
    for model in 0..<modelCount {
      sums.credits[model] = values[start + Self.fixedWidth + model]
      sums.revenues[model] = values[start + Self.fixedWidth + modelCount + model]
    }
    return sums
  }
}
