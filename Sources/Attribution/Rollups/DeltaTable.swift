// Safety: the blocks are allocated and freed here, and indexed below `rowCapacity` (rows), modulo twice
// that (slots) or below `recentCapacity` (groups); a row pointer is valid until the next `row(…)`.

import CIntrinsics

/// Signed changes to rollups, summed per bucket until the next commit.
///
/// A bucket is a group (a view and its dimension values) and a window. Rows keep the order in which
/// buckets were first touched, so the same input gives the same output.
struct DeltaTable: ~Copyable {
  struct Bucket {
    var windowStart: Milliseconds
    var group: UInt32
  }

  let layout: SumsLayout
  private(set) var count = 0
  private(set) var buckets: UnsafeMutablePointer<Bucket>
  private var cells: UnsafeMutablePointer<Int64>
  private var rowCapacity = 64
  /// Row numbers plus one by hash of the bucket; 0 is free. Twice as many as rows, and no more than the
  /// numbers, so that all of them stay in the caches: most look-ups that come this far find nothing.
  private var slots: UnsafeMutablePointer<UInt32>

  /// The number of the row that was last asked for, by group. Times come nearly in order, so it is mostly
  /// the next one too. What `removeAll` leaves here is outdated: the row itself says whose it is.
  private var recent: UnsafeMutablePointer<UInt32>
  private var recentCapacity = 64
  /// Odd and secret, so that nobody can choose windows that share a slot.
  private let multiplier: UInt64
  /// Sums that were about to leave 64 bits: parts of a row that are added up with it elsewhere.
  private(set) var spills: [Spill] = []

  /// Rows in which an event has counted although their sums may be zero.
  private var kept: Set<Int> = []

  /// A part of a sum that does not fit the row's cell.
  struct Spill {
    var row: Int
    var column: Int
    var value: Int64
  }

  init(layout: SumsLayout, key: IdentityKey) {
    self.layout = layout
    multiplier = key.multiplier
    buckets = .allocate(capacity: rowCapacity)
    cells = .allocate(capacity: rowCapacity * layout.width)
    slots = .allocate(capacity: 2 * rowCapacity)
    slots.initialize(repeating: 0, count: 2 * rowCapacity)
    recent = .allocate(capacity: recentCapacity)
    recent.initialize(repeating: 0, count: recentCapacity)
  }

  /// Bytes held. O(1).
  var byteCount: Int {
    rowCapacity * (MemoryLayout<Bucket>.stride + 8 * layout.width + 8) + 4 * recentCapacity
  }

  deinit {
    recent.deallocate()
    buckets.deallocate()
    cells.deallocate()
    slots.deallocate()
  }

  /// The number of the bucket's row, made if need be, valid until `removeAll`.
  @inline(__always)
  mutating func number(_ group: UInt32, _ windowStart: Milliseconds) -> Int {
    recentNumber(group, windowStart) ?? find(group, windowStart)
  }

  /// A bucket to be looked for.
  struct Search {
    fileprivate var group: UInt32
    fileprivate var windowStart: Milliseconds
    /// The number of its row, if it is the one that was last asked for.
    fileprivate var recent: Int?
  }

  /// Has the memory fetched in which `number` will look.
  @inline(__always)
  mutating func search(for group: UInt32, _ windowStart: Milliseconds) -> Search {
    let recent = recentNumber(group, windowStart)
    if recent == nil {
      CIntrinsics.prefetch(slots + hash(group, windowStart) & (2 * rowCapacity - 1))
    }
    return Search(group: group, windowStart: windowStart, recent: recent)
  }

  /// The number of the bucket's row, as the other.
  @inline(__always)
  mutating func number(_ search: Search) -> Int {
    search.recent ?? find(search.group, search.windowStart)
  }

  @inline(__always)
  private func recentNumber(_ group: UInt32, _ windowStart: Milliseconds) -> Int? {
    guard group < recentCapacity else { return nil }
    let number = Int(recent[Int(group)])
    return number < count && isBucket(number, group, windowStart) ? number : nil
  }

  @inline(never)
  private mutating func find(_ group: UInt32, _ windowStart: Milliseconds) -> Int {
    if count == rowCapacity { grow() }
    if group >= recentCapacity { growRecent(toHold: group) }
    let mask = 2 * rowCapacity - 1
    var index = hash(group, windowStart) & mask
    while slots[index] != 0 {
      let number = Int(slots[index] - 1)
      if isBucket(number, group, windowStart) {
        recent[Int(group)] = UInt32(number)
        return number
      }
      index = (index + 1) & mask
    }
    (buckets + count).initialize(to: Bucket(windowStart: windowStart, group: group))
    row(at: count).update(repeating: 0, count: layout.width)
    recent[Int(group)] = UInt32(count)
    count += 1
    slots[index] = UInt32(count)
    return count - 1
  }

  @inline(__always)
  private func isBucket(_ number: Int, _ group: UInt32, _ windowStart: Milliseconds) -> Bool {
    buckets[number].group == group && buckets[number].windowStart == windowStart
  }

  func row(at number: Int) -> UnsafeMutablePointer<Int64> { cells + number * layout.width }

  /// Adds to a sum. What the cell cannot hold is put aside: sums are exact.
  @inline(__always)
  mutating func add(_ value: Int64, to column: Int, ofRow number: Int) {
    let cell = row(at: number) + column
    let (sum, isBeyond) = cell.pointee.addingReportingOverflow(value)
    if isBeyond { return spill(value, column, number) }
    cell.pointee = sum
  }

  @inline(never)
  private mutating func spill(_ value: Int64, _ column: Int, _ number: Int) {
    let cell = row(at: number) + column
    spills.append(Spill(row: number, column: column, value: cell.pointee))
    cell.pointee = value
  }

  /// Lets a row be an effect of the commit whatever its sums.
  mutating func keep(row number: Int) { kept.insert(number) }

  /// Whether a row is an effect of the commit whatever its sums.
  func isKept(row number: Int) -> Bool { !kept.isEmpty && kept.contains(number) }

  /// Has a row fetched.
  func prefetch(row number: Int) {
    CIntrinsics.prefetch(cells + number * layout.width)
    CIntrinsics.prefetch(cells + (number + 1) * layout.width - 1)
  }

  func sums(_ number: Int) -> UnsafeBufferPointer<Int64> {
    UnsafeBufferPointer(start: cells + number * layout.width, count: layout.width)
  }

  mutating func removeAll() {
    count = 0
    if !spills.isEmpty { spills.removeAll() }
    if !kept.isEmpty { kept.removeAll() }
    slots.update(repeating: 0, count: 2 * rowCapacity)
  }

  private func place(_ number: Int) {
    let bucket = buckets[number]
    let mask = 2 * rowCapacity - 1
    var index = hash(bucket.group, bucket.windowStart) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = UInt32(number + 1)
  }

  private mutating func grow() {
    let former = (buckets: buckets, cells: cells)
    buckets = .allocate(capacity: 2 * rowCapacity)
    buckets.update(from: former.buckets, count: count)
    cells = .allocate(capacity: 2 * rowCapacity * layout.width)
    cells.update(from: former.cells, count: count * layout.width)
    former.buckets.deallocate()
    former.cells.deallocate()
    slots.deallocate()
    rowCapacity *= 2
    slots = .allocate(capacity: 2 * rowCapacity)
    slots.initialize(repeating: 0, count: 2 * rowCapacity)
    for number in 0..<count { place(number) }
  }

  private mutating func growRecent(toHold group: UInt32) {
    let former = (recent: recent, count: recentCapacity)
    recentCapacity = max(Int(group) + 1, 2 * recentCapacity)
    recent = .allocate(capacity: recentCapacity)
    recent.update(from: former.recent, count: former.count)
    (recent + former.count).initialize(repeating: 0, count: recentCapacity - former.count)
    former.recent.deallocate()
  }

  @inline(__always)
  private func hash(_ group: UInt32, _ windowStart: Milliseconds) -> Int {
    let mixed =
      (UInt64(group) &+ 0x9E37_79B9) &* 0x9E37_79B9_7F4A_7C15
      ^ UInt64(bitPattern: windowStart) &* multiplier
    return Int(truncatingIfNeeded: (mixed ^ mixed >> 29) >> 3)
  }
}
