/// The names of a tuple, lent: a value for every slot.
struct DimensionNames {
  var campaign: BorrowedBytes
  var channel: BorrowedBytes
  var ad: BorrowedBytes
  /// Of the slots from `firstValue` on. What comes behind them is "".
  var values: ConfiguredValues
  var firstValue: Int
  /// Whether it is what no touch earned: all slots before the values read like the campaign.
  var isUnattributed: Bool

  /// Of a touch or a cost.
  @inline(__always)
  init(
    campaign: BorrowedBytes, channel: BorrowedBytes, ad: BorrowedBytes, values: ConfiguredValues
  ) {
    self.campaign = campaign
    self.channel = channel
    self.ad = ad
    self.values = values
    firstValue = Dimension.standardCount
    isUnattributed = false
  }

  /// Of a conversion that no touch earned.
  ///
  /// - Parameter firstValue: the slot of the first value, behind those that only touches have.
  init(unattributed name: BorrowedBytes, values: ConfiguredValues, firstValue: Int) {
    campaign = name
    channel = name
    ad = name
    self.values = values
    self.firstValue = firstValue
    isUnattributed = true
  }

  @inline(__always)
  subscript(slot: Int) -> BorrowedBytes {
    switch slot {
    case 0: return campaign
    case 1: return channel
    case 2: return ad
    default: break
    }
    let index = slot - firstValue
    if index < 0 { return campaign }
    return index < values.count ? values[index] : .empty
  }
}

extension Dimension {
  /// The first slots are theirs.
  static let campaignSlot = 0
  static let channelSlot = 1
  static let adSlot = 2
  static let standardCount = 3
}
