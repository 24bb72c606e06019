import Attribution
import Codec

/// Deltas of one partition of the rollups, written one behind the other as one record.
///
/// A message of its own for each would cost more than everything else that is done with most of them.
/// What deltas have in common is written once: the view and the window's start stand before the first
/// delta of a window and wherever the window changes.
package struct DeltaBatch {
  /// So large that another delta is left to the next record, in bytes.
  static let fullSize = 128 << 10
  /// Stands where a delta has its number of name bytes, plus one.
  static let windowMark: UInt64 = 0

  private let views: [View]
  private var bytes: [UInt8] = []
  private var window: (view: Int, start: Milliseconds)?
  private var leastWindowEnd = Milliseconds.max

  /// - Parameter views: those of the definitions.
  package init(views: [View]) { self.views = views }

  package var isEmpty: Bool { bytes.isEmpty }
  var isFull: Bool { bytes.count >= DeltaBatch.fullSize }

  /// Appends a rollup's change.
  ///
  /// - Parameters:
  ///   - view: the view's number in the definitions.
  ///   - names: the rollup's dimension values, as its record key spells them.
  package mutating func append(
    _ sums: UnsafeBufferPointer<Int64>, to names: BorrowedBytes, view: Int,
    windowStart: Milliseconds
  ) {
    if bytes.isEmpty {
      bytes.append(DeltaWire.batchVersion)
      bytes.append(integer: leastWindowEnd)
      bytes.append(UInt8(sums.count))
    }
    if window?.view != view || window?.start != windowStart { begin(view, windowStart) }
    bytes.append(varint: UInt64(names.count) + 1)
    bytes.append(contentsOf: names.buffer)
    for sum in sums { bytes.append(signed: sum) }
  }

  private mutating func begin(_ view: Int, _ start: Milliseconds) {
    window = (view, start)
    leastWindowEnd = min(leastWindowEnd, start + views[view].periodMilliseconds)
    bytes.append(varint: DeltaBatch.windowMark)
    bytes.append(varint: UInt64(views[view].name.utf8.count))
    bytes.append(contentsOf: views[view].name.utf8)
    bytes.append(UInt8(views[view].dimensions.count))
    bytes.append(integer: start)
  }

  /// Lends the record's value.
  package mutating func withValue<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try bytes.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: leastWindowEnd.littleEndian, toByteOffset: 1, as: Milliseconds.self)
      return try body(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Begins another record.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    window = nil
    leastWindowEnd = .max
  }
}
