import Attribution

/// The distinct combinations of dimension values that a view's rollups have, as small integers.
///
/// Names are compared by their bytes: two spellings of one character are two names.
struct DimensionGroups: Sendable {
  /// A member's values, in the order of the view's dimensions.
  private(set) var values: [[String]] = []
  /// For each dimension, every member's value as a small integer.
  private(set) var valueIDs: [[UInt32]]

  private var members: [Name: UInt32] = [:]
  private var names: [Name: UInt32] = [:]

  init(dimensionCount: Int) { valueIDs = Array(repeating: [], count: dimensionCount) }

  var count: Int { values.count }

  /// The member with these values, or nil. O(bytes of the values).
  func find(_ dimensions: [String]) -> UInt32? { members[Name(dimensions)] }

  /// The member with these values, made if there is none yet.
  mutating func intern(_ dimensions: [String]) -> UInt32 {
    let name = Name(dimensions)
    if let found = members[name] { return found }
    let member = UInt32(values.count)
    members[name] = member
    values.append(dimensions)
    for (column, value) in dimensions.enumerated() {
      let name = Name([value])
      let next = UInt32(names.count)
      let identifier = names[name] ?? next
      if identifier == next { names[name] = next }
      valueIDs[column].append(identifier)
    }
    return member
  }

  /// Values as one sequence of bytes. 0xFF is in no UTF-8 text, so it can stand between them.
  private struct Name: Hashable {
    let bytes: [UInt8]

    init(_ values: [String]) {
      var bytes: [UInt8] = []
      for value in values {
        bytes.append(contentsOf: value.utf8)
        bytes.append(0xFF)
      }
      self.bytes = bytes
    }
  }
}
