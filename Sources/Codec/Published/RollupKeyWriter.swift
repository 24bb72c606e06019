// Safety: names are lent by the caller for one call; what is lent of the key is valid until the next.

import Attribution

/// Spells the record keys of many rollups: what a key has in common with the one before is not spelled
/// again.
public struct RollupKeyWriter: ~Copyable {
  private var key = RecordBuffer()
  private var namesEnd = 0
  /// Where the names start: what a view's keys begin with, the first bar included.
  private var namesStart = 0
  private var heads = StringPool()
  /// What the keys of a window end with, the last bar included.
  private var tail = RecordBuffer()
  private var windowStart: Milliseconds?
  private let views: [View]

  /// - Parameter views: those of the definitions.
  public init(views: [View]) {
    self.views = views
    for view in views {
      heads.append { head in
        view.name.withBorrowedBytes { PercentEncoding.put($0, into: &head) }
        head.put(ASCII.bar)
      }
    }
  }

  /// The key written last, valid until the next.
  public var bytes: UnsafeRawBufferPointer { key.bytes }

  /// The dimension values of the key written last, as it spells them, valid until the next.
  public var names: BorrowedBytes {
    BorrowedBytes(UnsafeRawBufferPointer(rebasing: key.bytes[namesStart..<namesEnd]))
  }

  /// Replaces the key by a rollup's.
  ///
  /// - Parameters:
  ///   - view: the view's number.
  ///   - names: the dimension values, as keys spell them.
  public mutating func write(view: Int, names: BorrowedBytes, windowStart: Milliseconds) {
    begin(view)
    key.put(names)
    end(windowStart)
  }

  /// Replaces the key by that of a bucket whose names are lent.
  ///
  /// - Parameters:
  ///   - view: the view's number.
  ///   - value: the bucket's value of the view's dimension at an index.
  public mutating func write(
    view: Int, windowStart: Milliseconds, value: (Int) -> BorrowedBytes
  ) {
    begin(view)
    RollupKeyCodec.putNames(of: views[view], into: &key, value: value)
    end(windowStart)
  }

  private mutating func begin(_ view: Int) {
    key.removeAll()
    key.put(heads[view])
    namesStart = key.count
  }

  private mutating func end(_ windowStart: Milliseconds) {
    namesEnd = key.count
    if windowStart != self.windowStart {
      self.windowStart = windowStart
      tail.removeAll()
      tail.put(ASCII.bar)
      Time.putSeconds(windowStart, into: &tail)
    }
    key.put(tail)
  }

  /// The number of the view whose keys begin with `name`, a part of a key; nil if there is none.
  public func view(named name: BorrowedBytes) -> Int? {
    (0..<heads.count).first { heads[$0].buffer.dropLast().elementsEqual(name.buffer) }
  }
}
