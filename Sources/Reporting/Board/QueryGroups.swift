import Attribution

/// Which group each member of a view belongs to.
struct QueryGroups {
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
