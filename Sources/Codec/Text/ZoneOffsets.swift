import Attribution

/// How far the clocks of a place are ahead of UTC, and when that changes. Lookups are O(log n) and allocate nothing.
package struct ZoneOffsets: Sendable {
  /// Instants from which on an offset holds, ascending; the first holds for all before it as well.
  private let changes: [(since: Milliseconds, offset: Milliseconds)]

  /// Clocks are never further from UTC than this.
  private static let furthest: Milliseconds = 15 * 3_600_000

  /// - Parameter changes: at least one, ascending.
  package init(_ changes: [(since: Milliseconds, offset: Milliseconds)]) {
    precondition(!changes.isEmpty, "clocks show something")
    self.changes = changes
  }

  /// The distance at an instant.
  package func offset(at time: Milliseconds) -> Milliseconds {
    var low = 0
    var high = changes.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if changes[middle].since <= time { low = middle } else { high = middle }
    }
    return changes[low].offset
  }

  /// The instant at which clocks show a time: the first of two, where they are put back; where they skip it, as
  /// far behind the gap as it is behind the gap's beginning.
  package func instant(ofLocal local: Milliseconds) -> Milliseconds {
    let before = offset(at: local - Self.furthest)
    let after = offset(at: local + Self.furthest)
    let first = local - before
    if before == after || offset(at: first) == before { return first }
    let second = local - after
    return offset(at: second) == after ? second : first
  }
}
