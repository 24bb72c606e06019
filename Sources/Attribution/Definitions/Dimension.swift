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

/// A touch's name as rollups spell it: one that is really `(unattributed)` gets a backslash in front, and so does one
/// that is `(unattributed)` behind backslashes, so that no two names become one. All others stay as they are.
public func publishedName(_ name: String) -> String {
  readsUnattributed(name.utf8) ? "\\" + name : name
}

/// Whether these bytes are `(unattributed)`, or that behind backslashes. O(1) for nearly all names.
func readsUnattributed<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bool {
  guard bytes.last == UInt8(ascii: ")") else { return false }
  let reserved = unattributedName.utf8
  guard bytes.count >= reserved.count, bytes.suffix(reserved.count).elementsEqual(reserved) else {
    return false
  }
  return bytes.dropLast(reserved.count).allSatisfy { $0 == UInt8(ascii: "\\") }
}
