// Safety: names are lent from the record that the reader was made of, and used while that is.

import Attribution
import Cluster
import Codec

/// Reads what a ``DeltaBatch`` has written, delta by delta.
struct DeltaBatchReader {
  /// No window of the batch ends before this.
  let leastWindowEnd: Milliseconds
  /// The number of the view of the delta read last.
  private(set) var view = 0
  /// When the window of the delta read last starts.
  private(set) var windowStart: Milliseconds = 0

  private let views: [View]
  /// Where the sums of a delta belong.
  private let columns: [Int]
  private var reader: ByteReader

  /// - Parameters:
  ///   - views: those of the definitions.
  ///   - layout: how the sums are to be read. Batches of fewer models, written before the last ones were
  ///     added, have nothing under those.
  init(_ value: UnsafeRawBufferPointer, views: [View], layout: SumsLayout) throws {
    self.views = views
    reader = ByteReader(value)
    try DeltaWire.check(&reader, DeltaWire.batchVersion)
    leastWindowEnd = reader.integer()
    let count: UInt8 = reader.integer()
    if reader.isCut { throw DeltaWire.truncated }
    guard let found = SumsLayout(width: Int(count)), found.modelCount <= layout.modelCount else {
      throw OperatorError(
        "a delta in the deltas topic was written with other models than those configured; "
          + "go on with those, or use a new application_id")
    }
    let models = 0..<found.modelCount
    columns = Array(0..<layout.credit(found.modelCount)) + models.map(layout.revenue)
  }

  /// The names of the next delta, its sums in `sums`, as many as the layout has; nil behind the last.
  mutating func next(into sums: UnsafeMutableBufferPointer<Int64>) throws -> BorrowedBytes? {
    guard !reader.isAtEnd else { return nil }
    var mark = reader.varint()
    if mark == DeltaBatch.windowMark {
      try readWindow()
      mark = reader.varint()
    }
    guard mark != DeltaBatch.windowMark else { throw DeltaWire.truncated }
    let names = BorrowedBytes(reader.bytes(Int(clamping: mark) - 1))
    if columns.count < sums.count { sums.update(repeating: 0) }
    for column in columns { sums[column] = reader.signed() }
    if reader.isCut { throw DeltaWire.truncated }
    return names
  }

  private mutating func readWindow() throws {
    let name = reader.bytes(Int(clamping: reader.varint()))
    let dimensionCount: UInt8 = reader.integer()
    windowStart = reader.integer()
    if reader.isCut { throw DeltaWire.truncated }
    guard
      let view = views.firstIndex(where: {
        $0.name.utf8.elementsEqual(name) && $0.dimensions.count == Int(dimensionCount)
      })
    else {
      throw OperatorError(
        "the deltas topic holds a delta of view \"\(String(decoding: name, as: UTF8.self))\", "
          + "which is not configured; use a new application_id when views change")
    }
    self.view = view
  }
}
