// Safety: the three blocks are allocated and freed here, and indexed below `rowCapacity` (rows) or
// modulo twice that (slots); a row pointer is valid until the next `row(…)`.

/// The order of a delta's or rollup's sums in a row of integers.
public struct SumsLayout: Sendable {
  public let modelCount: Int

  public init(modelCount: Int) { self.modelCount = modelCount }

  public static let impressions = 0
  public static let clicks = 1
  public static let users = 2
  public static let sessions = 3
  public static let spend = 4
  @inlinable public func credit(_ model: Int) -> Int { 5 + model }
  @inlinable public func revenue(_ model: Int) -> Int { 5 + modelCount + model }
  /// Integers per row.
  @inlinable public var width: Int { 5 + 2 * modelCount }
}

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
  /// Row number + 1 by hash of the bucket; 0 is free. Twice as many as rows.
  private var slots: UnsafeMutablePointer<UInt32>

  init(layout: SumsLayout) {
    self.layout = layout
    buckets = .allocate(capacity: rowCapacity)
    cells = .allocate(capacity: rowCapacity * layout.width)
    slots = .allocate(capacity: 2 * rowCapacity)
    slots.initialize(repeating: 0, count: 2 * rowCapacity)
  }

  deinit {
    buckets.deallocate()
    cells.deallocate()
    slots.deallocate()
  }

  /// The bucket's row of sums, zero at first.
  mutating func row(_ group: UInt32, _ windowStart: Milliseconds) -> UnsafeMutablePointer<Int64> {
    let mask = 2 * rowCapacity - 1
    var index = DeltaTable.hash(group, windowStart) & mask
    while slots[index] != 0 {
      let number = Int(slots[index] - 1)
      if buckets[number].group == group && buckets[number].windowStart == windowStart {
        return cells + number * layout.width
      }
      index = (index + 1) & mask
    }
    return addRow(group, windowStart)
  }

  func sums(_ number: Int) -> UnsafeBufferPointer<Int64> {
    UnsafeBufferPointer(start: cells + number * layout.width, count: layout.width)
  }

  mutating func removeAll() {
    count = 0
    slots.update(repeating: 0, count: 2 * rowCapacity)
  }

  @inline(never)
  private mutating func addRow(
    _ group: UInt32, _ windowStart: Milliseconds
  ) -> UnsafeMutablePointer<Int64> {
    if count == rowCapacity { grow() }
    (buckets + count).initialize(to: Bucket(windowStart: windowStart, group: group))
    let row = cells + count * layout.width
    row.update(repeating: 0, count: layout.width)
    place(count)
    count += 1
    return row
  }

  private func place(_ number: Int) {
    let mask = 2 * rowCapacity - 1
    var index = DeltaTable.hash(buckets[number].group, buckets[number].windowStart) & mask
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

  @inline(__always)
  private static func hash(_ group: UInt32, _ windowStart: Milliseconds) -> Int {
    let mixed =
      (UInt64(group) &+ 0x9E37_79B9) &* 0x9E37_79B9_7F4A_7C15
      ^ UInt64(bitPattern: windowStart) &* 0xD1B5_4A32_D192_ED03
    return Int(truncatingIfNeeded: (mixed ^ mixed >> 29) >> 3)
  }
}
