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

  /// Nil while members are in ascending order, as they are in rows that come from an archive.
  private var rowOfMember: [UInt32: UInt32]?

  var count: Int { members.count }

  func row(of member: UInt32) -> Int? {
    if let rowOfMember { return rowOfMember[member].map(Int.init) }
    var low = 0
    var high = members.count
    while low < high {
      let middle = (low + high) / 2
      if members[middle] < member { low = middle + 1 } else { high = middle }
    }
    return low < members.count && members[low] == member ? low : nil
  }

  /// Adds a row, or replaces the member's.
  mutating func put(_ rollup: Rollup, member: UInt32, layout: SumsLayout) {
    put(
      rollup.sums.columns, member: member, revision: rollup.revision, isFinal: rollup.isFinal,
      layout: layout)
  }

  /// As the other, of sums in the order of `layout`.
  mutating func put(
    _ columns: [MicrosSum], member: UInt32, revision: Int64, isFinal: Bool, layout: SumsLayout
  ) {
    if let row = row(of: member) {
      revisions[row] = revision
      self.isFinal[row] = isFinal
      write(columns, at: row * layout.width)
      return
    }
    if rowOfMember == nil, let last = members.last, last > member { indexMembers() }
    rowOfMember?[member] = UInt32(members.count)
    members.append(member)
    revisions.append(revision)
    self.isFinal.append(isFinal)
    values.append(contentsOf: repeatElement(0, count: layout.width))
    write(columns, at: values.count - layout.width)
  }

  private mutating func indexMembers() {
    rowOfMember = Dictionary(
      uniqueKeysWithValues: members.enumerated().map { ($1, UInt32($0)) })
  }

  private mutating func write(_ columns: [MicrosSum], at start: Int) {
    for (column, sum) in columns.enumerated() { set(start + column, sum) }
  }

  private mutating func set(_ place: Int, _ sum: MicrosSum) {
    let value = Int64(truncatingIfNeeded: sum)
    values[place] = value
    note(value)
    if Int64(exactly: sum) == nil {
      wideValues[place] = sum
    } else if !wideValues.isEmpty {
      wideValues[place] = nil
    }
  }

  private mutating func note(_ value: Int64) {
    largest = max(largest, value == .min ? .max : abs(value))
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
    if rowOfMember == nil { indexMembers() }
    let last = members.count - 1
    rowOfMember?[members[last]] = UInt32(row)
    rowOfMember?[member] = nil
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

  // MARK: From an archive

  /// Rows in the order of their members.
  var rowsByMember: [Int] {
    guard rowOfMember != nil else { return Array(members.indices) }
    return members.indices.sorted { members[$0] < members[$1] }
  }

  /// Empties the rows for `count` others, which are then appended in ascending order of their members.
  mutating func refill(count: Int, width: Int) {
    members.removeAll(keepingCapacity: true)
    revisions.removeAll(keepingCapacity: true)
    isFinal.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    wideValues.removeAll()
    largest = 0
    rowOfMember = nil
    members.reserveCapacity(count)
    revisions.reserveCapacity(count)
    isFinal.reserveCapacity(count)
    values.reserveCapacity(count * width)
  }

  mutating func append(member: UInt32, revision: Int64, isFinal: Bool) {
    members.append(member)
    revisions.append(revision)
    self.isFinal.append(isFinal)
  }

  mutating func append(value: Int64) {
    values.append(value)
    note(value)
  }

  mutating func set(wide sum: MicrosSum, at place: Int) {
    if values.indices.contains(place) { wideValues[place] = sum }
  }
}
