import Attribution

/// The sums of one group of rollups over one span of time.
public struct RollupRow: Equatable, Sendable {
  /// Where the span starts.
  public var start: Milliseconds
  /// Values of the dimensions that were grouped by, in their order.
  public var dimensions: [String]
  /// `users` and `sessions` are distinct within one rollup only; see `rollupCount`.
  public var sums: RollupSums
  /// What the sums were when everything in them was final for the first time, if they have been
  /// corrected since.
  public var before: RollupSums?
  /// How many rollups are summed. With more than one, `users` and `sessions` count a user once for
  /// each.
  public var rollupCount: Int
  /// The sum of the rollups' revisions: grows with every publication of any of them.
  public var revision: Int64
  /// Whether every window that it sums is final.
  public var isFinal: Bool

  package init(
    start: Milliseconds, dimensions: [String], sums: RollupSums, before: RollupSums?,
    rollupCount: Int, revision: Int64, isFinal: Bool
  ) {
    self.start = start
    self.dimensions = dimensions
    self.sums = sums
    self.before = before
    self.rollupCount = rollupCount
    self.revision = revision
    self.isFinal = isFinal
  }

  /// A measure's value; nil for a ratio with nothing to divide by, and for a distinct count over
  /// several rollups, which do not add up.
  public func value(of measure: Measure, model: Int) -> MicrosSum? {
    guard measure.addsUp || rollupCount <= 1 else { return nil }
    return measure.value(in: sums, model: model)
  }
}

extension [RollupRow] {
  /// Largest first by `measure`, rows without a value last; equal ones by their dimension values.
  public func ranked(by measure: Measure, model: Int) -> [RollupRow] {
    map { (row: $0, value: measure.value(in: $0.sums, model: model)) }.sorted { left, right in
      if left.value != right.value {
        guard let leftValue = left.value else { return false }
        guard let rightValue = right.value else { return true }
        return leftValue > rightValue
      }
      return left.row.dimensions.precedesByBytes(right.row.dimensions)
    }.map(\.row)
  }

  /// By the starts of their spans, and within a span by the bytes of their names.
  public func orderedByNames() -> [RollupRow] {
    // Not by the names themselves: two spellings of one character are equal strings.
    let keys = map { row in
      var key: [UInt8] = []
      for name in row.dimensions {
        key.append(contentsOf: name.utf8)
        key.append(0xFF)
      }
      return key
    }
    var examples: [[UInt8]: Int] = [:]
    for (index, key) in keys.enumerated() { examples[key] = index }
    let sorted = examples.values.sorted {
      self[$0].dimensions.precedesByBytes(self[$1].dimensions)
    }
    var rank: [[UInt8]: Int] = [:]
    for (position, example) in sorted.enumerated() { rank[keys[example]] = position }
    let order = indices.map { (index: $0, rank: rank[keys[$0]] ?? 0) }
    return order.sorted {
      (self[$0.index].start, $0.rank) < (self[$1.index].start, $1.rank)
    }.map { self[$0.index] }
  }

  /// The sums of all of them.
  public func total(modelCount: Int) -> RollupSums {
    reduce(into: RollupSums(modelCount: modelCount)) { $0.add($1.sums) }
  }
}

extension [String] {
  /// Whether these names come before others, compared by their bytes.
  package func precedesByBytes(_ others: [String]) -> Bool {
    for (left, right) in zip(self, others) where !left.utf8.elementsEqual(right.utf8) {
      return left.utf8.lexicographicallyPrecedes(right.utf8)
    }
    return count < others.count
  }
}
