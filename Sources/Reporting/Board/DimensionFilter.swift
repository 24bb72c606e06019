import Attribution

/// Only what has this value of a dimension, as in `goal=purchase`.
public struct DimensionFilter: Hashable, Sendable, CustomStringConvertible {
  public var dimension: Dimension
  public var value: String

  public init(_ dimension: Dimension, is value: String) {
    self.dimension = dimension
    self.value = value
  }

  /// `NAME=VALUE`; nil for what has no equals sign or no name. The value may be empty, and hold more such signs.
  /// `campaign` and `ad` stand for `campaign_id` and `ad_id`.
  public init?(_ text: String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return nil }
    dimension = Dimension(named: String(text[..<equals]))
    value = String(text[text.index(after: equals)...])
  }

  public var description: String { "\(dimension.rawValue)=\(value)" }
}

extension [DimensionFilter] {
  /// The dimensions that are asked about, each once, in order.
  public var dimensions: [Dimension] {
    reduce(into: []) { found, filter in
      if !found.contains(filter.dimension) { found.append(filter.dimension) }
    }
  }

  /// Whether a rollup with these values is wanted: of several values for one dimension it must have one, and of
  /// every dimension that is asked about.
  ///
  /// - Parameter names: the dimensions of the values. What is asked about must be among them.
  public func accept(_ values: [String], of names: [Dimension]) -> Bool {
    dimensions.allSatisfy { dimension in
      guard let index = names.firstIndex(of: dimension) else { return false }
      return contains {
        $0.dimension == dimension && $0.value.utf8.elementsEqual(values[index].utf8)
      }
    }
  }
}

extension Dimension {
  /// The dimension that somebody calls so: `campaign` and `ad` are short for `campaign_id` and `ad_id`.
  public init(named name: String) {
    switch name {
    case "campaign": self = .campaignID
    case "ad": self = .adID
    default: self.init(rawValue: name)
    }
  }
}
