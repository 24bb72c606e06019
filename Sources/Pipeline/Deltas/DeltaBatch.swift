// Safety: before a delta is written there is room for it and for its window, and its parts are written
// one after the other by `ByteWriter`; the end of the least window is written over eight bytes that are
// there already.

import Attribution
import Cluster
import Codec

/// Deltas of one partition of the rollups, written one behind the other as one record.
///
/// A message of its own for each would cost more than everything else that is done with most of them.
/// What deltas have in common is written once: the view and the window's start stand before the first
/// delta of a window and wherever the window changes.
package struct DeltaBatch: ~Copyable {
  /// So large that another delta is left to the next record, in bytes.
  static let fullSize = RecordSize.fullDeltas
  /// The version, the end of the least window, and the number of columns.
  private static let headSize = 10
  /// Stands where a delta has its number of name bytes, plus one.
  static let windowMark: UInt64 = 0

  private let views: [View]
  private var record = RecordBuffer()
  private var window: (view: Int, start: Milliseconds)?
  private var leastWindowEnd = Milliseconds.max

  /// - Parameter views: those of the definitions.
  package init(views: [View]) { self.views = views }

  package var isEmpty: Bool { record.isEmpty }
  var isFull: Bool { record.count >= DeltaBatch.fullSize }

  /// Appends a rollup's change.
  ///
  /// - Parameters:
  ///   - view: the view's number in the definitions.
  ///   - names: the rollup's dimension values, as its record key spells them.
  package mutating func append(
    _ sums: UnsafeBufferPointer<Int64>, to names: BorrowedBytes, view: Int,
    windowStart: Milliseconds
  ) {
    if record.isEmpty { begin(columnCount: sums.count) }
    if window?.view != view || window?.start != windowStart { begin(view, windowStart) }
    var writer = ByteWriter(
      record.reserve(names.count + (sums.count + 1) * ByteWriter.longestVarint))
    writer.put(varint: UInt64(names.count) + 1)
    writer.put(names)
    for sum in sums { writer.put(signed: sum) }
    record.append(through: writer.cursor)
  }

  private mutating func begin(columnCount: Int) {
    var writer = ByteWriter(record.reserve(DeltaBatch.headSize))
    writer.put(integer: DeltaWire.batchVersion)
    writer.put(integer: leastWindowEnd)
    writer.put(integer: UInt8(columnCount))
    record.append(through: writer.cursor)
  }

  private mutating func begin(_ view: Int, _ start: Milliseconds) {
    window = (view, start)
    leastWindowEnd = min(leastWindowEnd, start + views[view].periodMilliseconds)
    var name = views[view].name
    name.withUTF8 { name in
      var writer = ByteWriter(
        record.reserve(name.count + 2 * ByteWriter.longestVarint + DeltaBatch.headSize))
      writer.put(varint: DeltaBatch.windowMark)
      writer.put(varint: UInt64(name.count))
      writer.put(BorrowedBytes(UnsafeRawBufferPointer(name)))
      writer.put(integer: UInt8(views[view].dimensions.count))
      writer.put(integer: start)
      record.append(through: writer.cursor)
    }
  }

  /// Lends the record's value.
  package mutating func withValue<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    UnsafeMutableRawBufferPointer(mutating: record.bytes).storeBytes(
      of: leastWindowEnd.littleEndian, toByteOffset: 1, as: Milliseconds.self)
    return try body(record.bytes)
  }

  /// Begins another record.
  package mutating func removeAll() {
    record.removeAll()
    window = nil
    leastWindowEnd = .max
  }
}
