/// What a rollup can be grouped by.
public enum Dimension: String, CaseIterable, Sendable, Hashable {
  case campaignID = "campaign_id"
  case channel = "channel"
  case adID = "ad_id"
}

/// The dimension value that holds what no touch earned.
public let unattributedName = "(unattributed)"
