/// The fields that the configuration adds to events of a kind, in the order of their values.
///
/// Touches and costs have those of `dimensions`, then those of `match_on`; conversions those of `match_on`, then
/// those of `conversion_dimensions`. So each kind has a stretch of one row: a *slot* for every dimension.
public struct ConfiguredFields: Sendable, Equatable {
  public var names: [String]
  /// Which of them `match_on` names.
  public var matching: Range<Int>

  /// No fields at all.
  public static let none = ConfiguredFields(names: [], matching: 0..<0)

  public init(names: [String], matching: Range<Int>) {
    self.names = names
    self.matching = matching
  }

  public var isEmpty: Bool { names.isEmpty }
}

extension Definitions {
  /// The most fields that the configuration can add, over its three lists.
  public static let mostFields = 16

  /// What the configuration adds to events of a kind.
  public func fields(of kind: EventKind) -> ConfiguredFields {
    switch kind {
    case .impression, .click, .cost:
      ConfiguredFields(
        names: dimensions + matchOn,
        matching: dimensions.count..<dimensions.count + matchOn.count)
    case .conversion:
      ConfiguredFields(names: matchOn + conversionDimensions, matching: 0..<matchOn.count)
    }
  }

  /// Every dimension that a view may list, in the order of the slots in which tuples hold their values.
  public var allDimensions: [Dimension] {
    Dimension.standard
      + (dimensions + matchOn + conversionDimensions).map { Dimension(rawValue: $0) }
  }

  /// Whether what no touch earned reads `(unattributed)` under this dimension. Under the others a conversion has
  /// a value of its own.
  public func isOfTouches(_ dimension: Dimension) -> Bool {
    Dimension.standard.contains(dimension) || dimensions.contains(dimension.rawValue)
  }
}
