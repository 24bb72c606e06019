import Attribution

/// Which rollups to sum, and how.
public struct RollupQuery: Sendable {
  public var view: String
  /// Start times of the windows that count.
  public var range: Range<Milliseconds>
  /// Starts of the spans of time to sum over, ascending, the first at or before the range's. Windows
  /// belong to the last span that starts at or before them. Nil is one span: the range.
  public var spans: [Milliseconds]?
  /// Group by these of the view's dimensions; nil is all of them, none is one total.
  public var dimensions: [Dimension]?
  /// Leave out what has other values than these of the view's dimensions.
  public var filters: [DimensionFilter]
  /// Leave out windows that end after this; nil leaves out none.
  public var closedThrough: Milliseconds?

  public init(
    view: String, range: Range<Milliseconds>, spans: [Milliseconds]? = nil,
    dimensions: [Dimension]? = nil, filters: [DimensionFilter] = [],
    closedThrough: Milliseconds? = nil
  ) {
    self.view = view
    self.range = range
    self.spans = spans
    self.dimensions = dimensions
    self.filters = filters
    self.closedThrough = closedThrough
  }
}

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

extension RollupBoard {
  /// The groups that hold rollups, span by span, in no particular order within a span. None for an
  /// unknown view.
  ///
  /// O(rollups in the range + members of the view).
  public func rows(_ query: RollupQuery) -> [RollupRow] {
    guard let table = table(of: query.view) else { return [] }
    return table.rows(query, finalThrough: finalThrough)
  }

  /// Starts of a view's windows that hold rollups, ascending; none for an unknown view.
  public func windowStarts(of view: String) -> [Milliseconds] { table(of: view)?.starts ?? [] }

  /// The range of start times that covers the view's last `count` windows up to the newest one that
  /// holds a rollup; nil while there is none.
  public func lastWindows(_ count: Int, of view: String) -> Range<Milliseconds>? {
    guard let table = table(of: view), let newest = table.starts.last, count > 0 else { return nil }
    let end = newest + table.view.periodMilliseconds
    return (end - Milliseconds(count) * table.view.periodMilliseconds)..<end
  }

  /// The rollups that have been corrected after they were final, within a range of window starts:
  /// newest window first, at most `limit`.
  public func corrections(
    of view: String, in range: Range<Milliseconds>, filters: [DimensionFilter] = [], limit: Int
  ) -> [RollupCorrection] {
    guard let table = table(of: view) else { return [] }
    var found: [RollupCorrection] = []
    for start in table.corrections.keys.filter(range.contains).sorted(by: >) {
      let position = table.position(of: start)
      for (member, before) in table.corrections[start]!.sorted(by: { $0.key < $1.key }) {
        guard found.count < limit else { return found }
        let names = table.members.values[Int(member)]
        guard filters.isEmpty || filters.accept(names, of: table.view.dimensions),
          let row = table.windows[position].row(of: member)
        else { continue }
        found.append(
          RollupCorrection(
            windowStart: start, dimensions: names, before: before,
            after: table.sums(window: position, row: row),
            revision: table.windows[position].revisions[row]))
      }
    }
    return found
  }
}

/// A rollup that was published again after it was final, with other numbers.
public struct RollupCorrection: Equatable, Sendable {
  public var windowStart: Milliseconds
  public var dimensions: [String]
  /// As it was when it became final, or as far back as the topic still tells.
  public var before: RollupSums
  public var after: RollupSums
  public var revision: Int64
}

extension ViewTable {
  fileprivate func rows(_ query: RollupQuery, finalThrough: Milliseconds?) -> [RollupRow] {
    var groups = MemberGroups(self, by: query.dimensions, query.filters)
    var rows: [RollupRow] = []
    var span = SpanSums(layout: layout)
    let spans = query.spans ?? [query.range.lowerBound]
    var next = 0
    for position in positions(in: query.range) {
      let start = starts[position]
      let end = start + view.periodMilliseconds
      if let closed = query.closedThrough, end > closed { break }
      while next < spans.count, spans[next] <= start {
        span.flush(from: next > 0 ? spans[next - 1] : spans[0], groups, into: &rows)
        next += 1
      }
      span.add(
        windows[position], corrections: corrections[start], to: &groups,
        isFinal: finalThrough.map { end <= $0 } ?? false)
    }
    span.flush(from: next > 0 ? spans[next - 1] : query.range.lowerBound, groups, into: &rows)
    return rows
  }
}

/// Which group each member of a view belongs to.
private struct MemberGroups {
  private let members: DimensionGroups
  private let columns: [Int]
  private let takesAll: Bool
  /// -1 for a member that has not been looked at, -2 for one that is left out.
  private var groupOfMember: [Int32]
  private let dimensions: [Dimension]
  private let filters: [DimensionFilter]
  private var groupOfValues: [[UInt32]: Int32] = [:]
  /// A member of each group.
  private(set) var examples: [UInt32] = []

  init(_ table: ViewTable, by dimensions: [Dimension]?, _ filters: [DimensionFilter]) {
    members = table.members
    self.dimensions = table.view.dimensions
    self.filters = filters
    columns = (dimensions ?? table.view.dimensions).compactMap {
      table.view.dimensions.firstIndex(of: $0)
    }
    takesAll = columns == Array(table.view.dimensions.indices)
    groupOfMember = Array(repeating: -1, count: members.count)
  }

  /// The member's group; nil if the filters leave it out.
  mutating func group(of member: UInt32) -> Int? {
    let known = groupOfMember[Int(member)]
    if known != -1 { return known < 0 ? nil : Int(known) }
    guard filters.isEmpty || filters.accept(members.values[Int(member)], of: dimensions) else {
      groupOfMember[Int(member)] = -2
      return nil
    }
    let next = Int32(examples.count)
    var group = next
    if !takesAll {
      let values = columns.map { members.valueIDs[$0][Int(member)] }
      group = groupOfValues[values] ?? next
      groupOfValues[values] = group
    }
    if group == next { examples.append(member) }
    groupOfMember[Int(member)] = group
    return Int(group)
  }

  func dimensions(ofGroup group: Int) -> [String] {
    columns.map { members.values[Int(examples[group])][$0] }
  }
}

/// The sums of one span, by group, in flat arrays that the next span uses again.
private struct SpanSums {
  let layout: SumsLayout
  private var slotOfGroup: [Int32] = []
  private var groups: [Int] = []
  /// Sums of 64 bits, as long as they cannot leave them; `wide` has the rest.
  private var values: [Int64] = []
  private var wide: [MicrosSum] = []
  /// The most that any of `values` can have reached.
  private var reach: Int64 = 0
  private var counts: [Int] = []
  private var revisions: [Int64] = []
  private var isFinal: [Bool] = []
  /// Per slot, what corrections have added since the rollups were final.
  private var changes: [Int: RollupSums] = [:]

  init(layout: SumsLayout) { self.layout = layout }

  mutating func add(
    _ window: WindowRows, corrections: [UInt32: RollupSums]?, to groups: inout MemberGroups,
    isFinal windowIsFinal: Bool
  ) {
    let width = layout.width
    let isNarrow = makeRoom(for: window)
    for row in 0..<window.count {
      let member = window.members[row]
      guard let group = groups.group(of: member) else { continue }
      let slot = slot(of: group)
      let from = row * width
      let to = slot * width
      if isNarrow {
        for column in 0..<width { values[to + column] &+= window.values[from + column] }
      } else {
        widen()
        for column in 0..<width { wide[to + column] += window.value(at: from + column) }
      }
      counts[slot] += 1
      revisions[slot] &+= window.revisions[row]
      if !windowIsFinal, !window.isFinal[row] { isFinal[slot] = false }
      if let before = corrections?[member] {
        changes[slot, default: RollupSums(modelCount: layout.modelCount)]
          .add(window.sums(row: row, layout: layout).subtracting(before))
      }
    }
  }

  /// Whether the numbers of a window can be added to `values`, which may have to be emptied first.
  private mutating func makeRoom(for window: WindowRows) -> Bool {
    let (most, isTooMuch) = window.largest.multipliedReportingOverflow(by: Int64(window.count))
    guard !isTooMuch, window.wideValues.isEmpty else { return false }
    let (reached, isBeyond) = reach.addingReportingOverflow(most)
    if isBeyond { widen() }
    reach = isBeyond ? most : reached
    return true
  }

  /// Moves the sums to where there is room for 128 bits.
  private mutating func widen() {
    wide.append(contentsOf: repeatElement(0, count: values.count - wide.count))
    guard reach > 0 else { return }
    for place in values.indices {
      wide[place] += MicrosSum(values[place])
      values[place] = 0
    }
    reach = 0
  }

  private func sums(ofSlot slot: Int) -> RollupSums {
    let places = slot * layout.width..<(slot + 1) * layout.width
    return RollupSums(
      columns: places.map { place in
        MicrosSum(values[place]) + (place < wide.count ? wide[place] : 0)
      }, modelCount: layout.modelCount)
  }

  private mutating func slot(of group: Int) -> Int {
    while slotOfGroup.count <= group { slotOfGroup.append(-1) }
    if slotOfGroup[group] >= 0 { return Int(slotOfGroup[group]) }
    let slot = groups.count
    slotOfGroup[group] = Int32(slot)
    groups.append(group)
    values.append(contentsOf: repeatElement(0, count: layout.width))
    counts.append(0)
    revisions.append(0)
    isFinal.append(true)
    return slot
  }

  mutating func flush(
    from start: Milliseconds, _ members: MemberGroups, into rows: inout [RollupRow]
  ) {
    for (slot, group) in groups.enumerated() {
      let sums = sums(ofSlot: slot)
      rows.append(
        RollupRow(
          start: start, dimensions: members.dimensions(ofGroup: group), sums: sums,
          before: changes[slot].map { sums.subtracting($0) }, rollupCount: counts[slot],
          revision: revisions[slot], isFinal: isFinal[slot]))
      slotOfGroup[group] = -1
    }
    groups.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    wide.removeAll(keepingCapacity: true)
    reach = 0
    counts.removeAll(keepingCapacity: true)
    revisions.removeAll(keepingCapacity: true)
    isFinal.removeAll(keepingCapacity: true)
    changes.removeAll(keepingCapacity: true)
  }
}

extension RollupSums {
  /// Field by field.
  func subtracting(_ other: RollupSums) -> RollupSums {
    var sums = self
    sums.impressions -= other.impressions
    sums.clicks -= other.clicks
    sums.users -= other.users
    sums.sessions -= other.sessions
    sums.spend -= other.spend
    for model in credits.indices {
      sums.credits[model] -= other.credits[model]
      sums.revenues[model] -= other.revenues[model]
    }
    return sums
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

  /// The sums of all of them.
  public func total(modelCount: Int) -> RollupSums {
    reduce(into: RollupSums(modelCount: modelCount)) { $0.add($1.sums) }
  }
}

extension [String] {
  /// Whether these names come before others, compared by their bytes.
  func precedesByBytes(_ others: [String]) -> Bool {
    for (left, right) in zip(self, others) where !left.utf8.elementsEqual(right.utf8) {
      return left.utf8.lexicographicallyPrecedes(right.utf8)
    }
    return count < others.count
  }
}
