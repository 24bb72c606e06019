// Safety: `cells` is allocated and freed here; a row pointer is valid until the next `row(…)`.

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
    var group: UInt32
    var windowStart: Milliseconds
  }

  let layout: SumsLayout
  private(set) var buckets: [Bucket] = []
  private var cells: UnsafeMutablePointer<Int64>
  private var rowCapacity = 64
  /// Row number + 1 by hash of the bucket; 0 is free.
  private var slots: [UInt32]

  init(layout: SumsLayout) {
    self.layout = layout
    cells = .allocate(capacity: 64 * layout.width)
    slots = Array(repeating: 0, count: 128)
  }

  deinit { cells.deallocate() }

  var count: Int { buckets.count }

  /// The bucket's row of sums, zero at first.
  mutating func row(_ group: UInt32, _ windowStart: Milliseconds) -> UnsafeMutablePointer<Int64> {
    let mask = slots.count - 1
    var index = DeltaTable.hash(group, windowStart) & mask
    while slots[index] != 0 {
      let number = Int(slots[index] - 1)
      if buckets[number].group == group && buckets[number].windowStart == windowStart {
        return cells + number * layout.width
      }
      index = (index + 1) & mask
    }
    let number = buckets.count
    if number == rowCapacity { grow() }
    place(DeltaTable.hash(group, windowStart), number)
    buckets.append(Bucket(group: group, windowStart: windowStart))
    let row = cells + number * layout.width
    row.update(repeating: 0, count: layout.width)
    return row
  }

  func sums(_ number: Int) -> UnsafeBufferPointer<Int64> {
    UnsafeBufferPointer(start: cells + number * layout.width, count: layout.width)
  }

  mutating func removeAll() {
    buckets.removeAll(keepingCapacity: true)
    for index in slots.indices { slots[index] = 0 }
  }

  private mutating func place(_ hash: Int, _ number: Int) {
    let mask = slots.count - 1
    var index = hash & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = UInt32(number + 1)
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Int64>.allocate(capacity: 2 * rowCapacity * layout.width)
    larger.update(from: cells, count: rowCapacity * layout.width)
    cells.deallocate()
    cells = larger
    rowCapacity *= 2
    slots = Array(repeating: 0, count: 2 * rowCapacity)
    for number in buckets.indices {
      place(DeltaTable.hash(buckets[number].group, buckets[number].windowStart), number)
    }
  }

  private static func hash(_ group: UInt32, _ windowStart: Milliseconds) -> Int {
    let mixed =
      (UInt64(group) &+ 0x9E37_79B9) &* 0x9E37_79B9_7F4A_7C15
      ^ UInt64(bitPattern: windowStart) &* 0xD1B5_4A32_D192_ED03
    return Int(truncatingIfNeeded: (mixed ^ mixed >> 29) >> 3)
  }
}
