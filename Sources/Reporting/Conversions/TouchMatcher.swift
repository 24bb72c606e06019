import Attribution

/// Tells which touches have the values that conditions ask for.
public struct TouchMatcher: Sendable {
  /// For each dimension that is asked about, its place among a touch's names and the values that count.
  private let wanted: [(place: Int, values: [String])]

  /// Nil where a condition asks about something that attributions do not say of touches.
  public init?(_ filters: [DimensionFilter]) {
    var wanted: [(place: Int, values: [String])] = []
    for dimension in filters.dimensions {
      guard let place = HeldConversion.dimensions.firstIndex(of: dimension) else { return nil }
      wanted.append((place, filters.filter { $0.dimension == dimension }.map(\.value)))
    }
    self.wanted = wanted
  }

  /// Whether anything is asked for.
  public var isSelective: Bool { !wanted.isEmpty }

  public func accepts(_ touch: HeldConversion.Touch) -> Bool {
    wanted.allSatisfy { place, values in
      values.contains { $0.utf8.elementsEqual(touch.names[place].utf8) }
    }
  }

  /// Whether a touch of the conversion is wanted; of an unattributed one, whether the unattributed is.
  public func accepts(_ conversion: HeldConversion) -> Bool {
    guard conversion.touches.isEmpty else { return conversion.touches.contains(where: accepts) }
    return wanted.allSatisfy { $0.values.contains(unattributedName) }
  }
}
