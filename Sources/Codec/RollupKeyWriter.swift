// Safety: the names are lent by the caller for one call.

import Attribution

/// Spells the record keys of many rollups: what a key has in common with the one before is not spelled
/// again.
public struct RollupKeyWriter {
  /// The key written last.
  public private(set) var bytes: [UInt8] = []

  /// What a view's keys begin with, the first bar included.
  private let heads: [[UInt8]]
  /// What the keys of a window end with, the last bar included.
  private var tail: [UInt8] = []
  private var windowStart: Milliseconds?

  /// - Parameter views: those of the definitions.
  public init(views: [View]) {
    heads = views.map { view in
      var head: [UInt8] = []
      PercentEncoding.append(view.name, to: &head)
      head.append(ASCII.bar)
      return head
    }
  }

  /// Replaces `bytes` by a rollup's key.
  ///
  /// - Parameters:
  ///   - view: the view's number.
  ///   - names: the dimension values, as `RollupKeyCodec.encodeNames` spells them.
  public mutating func write(view: Int, names: BorrowedBytes, windowStart: Milliseconds) {
    if windowStart != self.windowStart {
      self.windowStart = windowStart
      tail.removeAll(keepingCapacity: true)
      tail.append(ASCII.bar)
      Time.appendSeconds(windowStart, to: &tail)
    }
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: heads[view])
    bytes.append(contentsOf: names.buffer)
    bytes.append(contentsOf: tail)
  }

  /// The number of the view whose keys begin with `name`, a part of a key; nil if there is none.
  public func view(named name: BorrowedBytes) -> Int? {
    heads.firstIndex { $0.dropLast().elementsEqual(name.buffer) }
  }
}
