/// What a rollup can be grouped by: a field of touches, of conversions, or of both.
public struct Dimension: RawRepresentable, Sendable, Hashable {
  /// The field's name.
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }

  public static let campaignID = Dimension(rawValue: "campaign_id")
  public static let channel = Dimension(rawValue: "channel")
  public static let adID = Dimension(rawValue: "ad_id")

  /// Those that need no configuration.
  public static let standard: [Dimension] = [.campaignID, .channel, .adID]
}

/// The dimension value that holds what no touch earned.
public let unattributedName = "(unattributed)"
