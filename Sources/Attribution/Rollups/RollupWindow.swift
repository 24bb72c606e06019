// Safety: names and sums are lent from this window's arrays, which nobody changes during the call.

/// The rollups of one window of one view, found by their names.
///
/// Names lie one after the other in one array, sums in another, so that a window is a handful of
/// allocations however many rollups it holds, and is forgotten whole. Rows keep the order in which
/// their names were first seen. Adding to a rollup is O(1), and allocates only while the window grows.
struct RollupWindow: ~Copyable {
  /// Which window of which view.
  struct Identity: Hashable {
    /// The view's number in the definitions.
    var view: Int
    var start: Milliseconds
  }

  private struct Row {
    var revision: Int64 = 0
    /// Tells most names apart without looking at them.
    var hash: UInt32
    var nameStart: UInt32
    var nameCount: UInt16
    var isFinal: Bool
    var isChanged = false

    /// Where the names lie.
    var range: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameCount) }
  }

  /// About how many bytes a rollup takes, names left out.
  static func rowBytes(_ layout: SumsLayout) -> Int {
    MemoryLayout<Row>.stride + 2 * MemoryLayout<UInt32>.stride + 8 * layout.width
  }

  let identity: Identity
  /// Exclusive.
  let end: Milliseconds
  private let layout: SumsLayout
  /// Whether finality has passed it, and all of its rollups are final.
  private(set) var isClosed: Bool
  /// The rows before it are final.
  private var firstOpenRow = 0
  private var rows: [Row] = []
  /// The lower 64 bits of every sum, and the upper ones of those few that do not fit.
  private var cells: [Int64] = []
  private var upperHalves: [Int: Int64] = [:]
  private var names: [UInt8] = []
  /// Rows by hash of their names: number + 1, 0 is free. A power of two, at least a quarter free.
  private var slots = [UInt32](repeating: 0, count: 8)
  /// Rows in the order of their first change.
  private var changed: [UInt32] = []

  /// - Parameter isClosed: whether finality has passed the window already.
  init(_ identity: Identity, end: Milliseconds, layout: SumsLayout, isClosed: Bool) {
    self.identity = identity
    self.end = end
    self.layout = layout
    self.isClosed = isClosed
  }

  var count: Int { rows.count }
  /// Bytes held, names included.
  var byteCount: Int {
    rows.capacity * MemoryLayout<Row>.stride + 8 * cells.capacity + names.capacity
      + 4 * (slots.capacity + changed.capacity) + 512
  }
  /// Number of rollups that wait to be published.
  var changedCount: Int { changed.count }

  // MARK: Changes

  /// Adds signed changes to a rollup, exactly.
  mutating func add(_ sums: UnsafeBufferPointer<Int64>, to names: BorrowedBytes) {
    let number = number(of: names)
    let first = number * layout.width
    for column in 0..<layout.width {
      let (sum, isBeyond) = cells[first + column].addingReportingOverflow(sums[column])
      if isBeyond || !upperHalves.isEmpty {
        let former = RollupWindow.sum(cells[first + column], upperHalves[first + column])
        setSum(first + column, former + Int128(sums[column]))
      } else {
        cells[first + column] = sum
      }
    }
    markChanged(number)
  }

  private static func sum(_ lower: Int64, _ upper: Int64?) -> Int128 {
    guard let upper else { return Int128(lower) }
    return Int128(upper) << 64 | Int128(UInt64(bitPattern: lower))
  }

  private mutating func setSum(_ cell: Int, _ sum: Int128) {
    cells[cell] = Int64(truncatingIfNeeded: sum)
    upperHalves[cell] = Int64(exactly: sum) == nil ? Int64(truncatingIfNeeded: sum >> 64) : nil
  }

  /// Takes back a published rollup, unless a later revision of it is here already.
  mutating func restore(_ rollup: RollupRevision) {
    let number = number(of: rollup.names)
    guard rollup.number > rows[number].revision else { return }
    rows[number].revision = rollup.number
    rows[number].isFinal = rows[number].isFinal || rollup.isFinal
    let first = number * layout.width
    for column in 0..<layout.width { setSum(first + column, rollup.sum(column)) }
  }

  /// Finality has passed the window: what was not final is, and changes by that.
  ///
  /// - Parameter limit: so many become final in one call.
  /// - Returns: how many did. The window is closed once all are.
  mutating func close(atMost limit: Int) -> Int {
    var count = 0
    while firstOpenRow < rows.count, count < limit {
      if !rows[firstOpenRow].isFinal {
        rows[firstOpenRow].isFinal = true
        markChanged(firstOpenRow)
        count += 1
      }
      firstOpenRow += 1
    }
    isClosed = firstOpenRow == rows.count
    return count
  }

  private mutating func markChanged(_ number: Int) {
    guard !rows[number].isChanged else { return }
    rows[number].isChanged = true
    changed.append(UInt32(number))
  }

  /// Lends every changed rollup, its revision counted up.
  mutating func publish(
    watermark: Milliseconds?, _ body: (RollupRevision) throws -> Void
  ) rethrows {
    for number in changed {
      rows[Int(number)].isChanged = false
      rows[Int(number)].revision += 1
    }
    var wide: [Int128] = []
    let upperHalves = upperHalves
    try names.withUnsafeBytes { names in
      try cells.withUnsafeBufferPointer { cells in
        for number in changed {
          let row = rows[Int(number)]
          let columns = Int(number) * layout.width..<(Int(number) + 1) * layout.width
          var revision = RollupRevision(
            view: identity.view, windowStart: identity.start, windowEnd: end,
            names: BorrowedBytes(UnsafeRawBufferPointer(rebasing: names[row.range])),
            sums: UnsafeBufferPointer(rebasing: cells[columns]),
            isFinal: row.isFinal, number: row.revision, watermark: watermark)
          guard !upperHalves.isEmpty, columns.contains(where: { upperHalves[$0] != nil }) else {
            try body(revision)
            continue
          }
          wide = columns.map { RollupWindow.sum(cells[$0], upperHalves[$0]) }
          try wide.withUnsafeBufferPointer {
            revision.wideSums = $0
            try body(revision)
          }
        }
      }
    }
    changed.removeAll(keepingCapacity: !isClosed)
  }

  // MARK: Names

  /// The row of the rollup with these names; a new one is all zeros.
  private mutating func number(of names: BorrowedBytes) -> Int {
    let hash = RollupWindow.hash(names)
    let mask = slots.count - 1
    var index = Int(hash) & mask
    while slots[index] != 0 {
      let number = Int(slots[index] - 1)
      if rows[number].hash == hash && isNamed(number, names) { return number }
      index = (index + 1) & mask
    }
    return append(names, hash)
  }

  /// With a key of the process's own: nobody can choose names that share a slot.
  private static func hash(_ names: BorrowedBytes) -> UInt32 {
    var hasher = Hasher()
    hasher.combine(bytes: names.buffer)
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }

  private func isNamed(_ number: Int, _ sought: BorrowedBytes) -> Bool {
    guard Int(rows[number].nameCount) == sought.count else { return false }
    let first = Int(rows[number].nameStart)
    for index in 0..<sought.count where names[first + index] != sought[index] { return false }
    return true
  }

  private mutating func append(_ name: BorrowedBytes, _ hash: UInt32) -> Int {
    if 4 * (rows.count + 1) > 3 * slots.count { growSlots() }
    rows.append(
      Row(
        hash: hash, nameStart: UInt32(names.count), nameCount: UInt16(name.count),
        isFinal: isClosed))
    names.append(contentsOf: name.buffer)
    cells.append(contentsOf: repeatElement(0, count: layout.width))
    place(rows.count - 1)
    return rows.count - 1
  }

  private mutating func growSlots() {
    slots = [UInt32](repeating: 0, count: 2 * slots.count)
    for number in rows.indices { place(number) }
  }

  private mutating func place(_ number: Int) {
    let mask = slots.count - 1
    var index = Int(rows[number].hash) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = UInt32(number + 1)
  }
}
