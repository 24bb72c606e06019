import Attribution

/// Which group each member of a view belongs to.
struct QueryGroups {
  private let members: DimensionGroups
  private let columns: [Int]
  private let takesAll: Bool
  /// Of a member that has not been looked at.
  private static let unknown: Int32 = -1
  /// Of a member that the filters leave out.
  private static let leftOut: Int32 = -2

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
    groupOfMember = Array(repeating: Self.unknown, count: members.count)
  }

  /// The member's group; negative if the filters leave it out.
  @inline(__always)
  mutating func group(of member: UInt32) -> Int32 {
    let known = groupOfMember[Int(member)]
    return known != Self.unknown ? known : addGroup(of: member)
  }

  @inline(never)
  private mutating func addGroup(of member: UInt32) -> Int32 {
    guard filters.isEmpty || filters.accept(members.values[Int(member)], of: dimensions) else {
      groupOfMember[Int(member)] = Self.leftOut
      return Self.leftOut
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
    return group
  }

  func dimensions(ofGroup group: Int) -> [String] {
    columns.map { members.values[Int(examples[group])][$0] }
  }
}
