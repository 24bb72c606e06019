import Attribution

/// The sums of one group of rollups over a range of windows.
public struct RollupTotal: Equatable, Sendable {
  /// Values of the dimensions that were grouped by, in their order.
  public var dimensions: [String]
  /// `users` and `sessions` are distinct within each rollup only; their sums over several windows or
  /// groups count one user once for each.
  public var sums: RollupSums
  /// Whether every window that it sums is final.
  public var isFinal: Bool

  public init(dimensions: [String], sums: RollupSums, isFinal: Bool) {
    self.dimensions = dimensions
    self.sums = sums
    self.isFinal = isFinal
  }
}

extension RollupBoard {
  /// Starts of a view's windows that hold rollups, ascending; none for an unknown view.
  public func windowStarts(of view: String) -> [Milliseconds] { tables[view]?.starts ?? [] }

  /// The range of start times that covers the view's last `count` windows up to the newest one that
  /// holds a rollup; nil while there is none.
  public func lastWindows(_ count: Int, of view: String) -> Range<Milliseconds>? {
    guard let table = tables[view], let newest = table.starts.last, count > 0 else { return nil }
    let end = newest + table.period
    return (end - Milliseconds(count) * table.period)..<end
  }

  /// The rollups of one window, in no particular order.
  public func rollups(of view: String, windowStart: Milliseconds) -> [Rollup] {
    tables[view]?.windows[windowStart].map { Array($0.values) } ?? []
  }

  /// The rollup of a key, if there is one.
  public func rollup(_ key: RollupKey) -> Rollup? {
    tables[key.view]?.windows[key.windowStart]?[key]
  }

  /// The view's windows that start within `range`, summed by the values of its dimensions, in no
  /// particular order. O(rollups in the range).
  ///
  /// - Parameter dimensions: group by these of the view's dimensions only; nil is all of them, none
  ///   is one total.
  public func totals(
    of view: String, in range: Range<Milliseconds>, by dimensions: [Dimension]? = nil
  ) -> [RollupTotal] {
    guard let table = tables[view], let definition = views.first(where: { $0.name == view }) else {
      return []
    }
    let columns = (dimensions ?? definition.dimensions).compactMap { wanted in
      definition.dimensions.firstIndex(of: wanted)
    }
    // The key's equality is by bytes, as that of names must be.
    var totals: [RollupKey: RollupTotal] = [:]
    for start in table.starts[table.position(of: range.lowerBound)...] {
      guard start < range.upperBound else { break }
      for rollup in table.windows[start]!.values {
        let values = columns.map { rollup.key.dimensions[$0] }
        let group = RollupKey(view: view, dimensions: values, windowStart: range.lowerBound)
        totals[
          group,
          default: RollupTotal(
            dimensions: values, sums: RollupSums(modelCount: rollup.sums.credits.count),
            isFinal: true)
        ].add(rollup)
      }
    }
    return Array(totals.values)
  }
}

extension RollupTotal {
  fileprivate mutating func add(_ rollup: Rollup) {
    sums.add(rollup.sums)
    isFinal = isFinal && rollup.isFinal
  }
}
