import Attribution

/// A campaign: its names ready for JSON, and its prices.
struct Campaign: Sendable {
  var id: [UInt8]
  /// Quoted, as it is, and with everything escaped that may be.
  var idJSON: [UInt8]
  var idEscapedJSON: [UInt8]
  var channelJSON: [UInt8]
  /// Micros; 0 when that kind of touch costs nothing.
  var clickCost: Micros
  var impressionCost: Micros
  /// In the market's profile: that an impression is clicked, that a conversion follows a click, and that one comes from
  /// nowhere.
  var clickChance = Chance(0)
  var conversionChance = Chance(0)
  var strayChance = Chance(0)
}

/// The campaigns of a generated world: few large ones and many small ones (Zipf), each on one channel.
struct CampaignCatalogue: Sendable {
  private(set) var campaigns: [Campaign] = []
  /// `cumulativeSizes[i]` is the size of campaigns 0…i together.
  private var cumulativeSizes: [Int64] = []
  /// Clicks per impression over all paid campaigns, in the market's profile.
  private(set) var meanClickRate = 0.0

  /// Direct visits have a campaign of their own, the last one.
  var directCampaign: Int32 { Int32(campaigns.count - 1) }
  var paidCampaigns: Range<Int32> { 0..<directCampaign }

  private static let channels: [(name: String, paysPerImpression: Bool)] = [
    ("search", false), ("social", true), ("email", false), ("display", true),
    ("affiliate", false), ("video", true),
  ]

  init(dense paid: Int, directChannel: String, seed: UInt64, hasTwoSpellings: Bool) {
    var random = SeededRandom(seed: seed ^ 0xCA3B_A165)
    var total: Int64 = 0
    for index in 0..<max(paid, 1) {
      let channel = CampaignCatalogue.channels[index % CampaignCatalogue.channels.count]
      let cost = 50_000 + random.below(1_950_000)
      campaigns.append(
        Campaign(
          id: CampaignCatalogue.name(index, hasTwoSpellings: hasTwoSpellings),
          channel: channel.name,
          // Whole cents for most, all six decimals for some.
          clickCost: index % 4 == 3 ? cost : cost / 10_000 * 10_000,
          impressionCost: channel.paysPerImpression ? 500 + random.below(9_500) : 0))
      total += 1_000_000_000 / Int64(index + 1)
      cumulativeSizes.append(total)
    }
    campaigns.append(
      Campaign(id: "c-direct", channel: directChannel, clickCost: 0, impressionCost: 0))
  }

  /// Each a little better or worse, cheaper or dearer than its channel is on average.
  init(market paid: Int, directChannel: String, seed: UInt64, hasTwoSpellings: Bool) {
    var random = SeededRandom(seed: seed ^ 0xCA3B_A165)
    var total: Int64 = 0
    for index in 0..<max(paid, 1) {
      let channel = ChannelMarket.all[index % ChannelMarket.all.count]
      let quality = 700 + random.below(600)
      let price = 700 + random.below(600)
      let clickCost = channel.costPerClick * price / 1_000
      var campaign = Campaign(
        id: CampaignCatalogue.name(index, hasTwoSpellings: hasTwoSpellings), channel: channel.name,
        // Whole cents for most, all six decimals for some.
        clickCost: index % 4 == 3 ? clickCost : clickCost / 10_000 * 10_000,
        impressionCost: channel.costPerImpression * price / 1_000)
      campaign.setChances(of: channel, quality: Double(quality) / 1_000)
      campaigns.append(campaign)
      total += 1_000_000_000 / Int64(index + 1)
      cumulativeSizes.append(total)
      let share = 1_000_000_000 / Double(index + 1)
      meanClickRate += share * channel.clickRate * Double(quality) / 1_000
    }
    meanClickRate /= Double(total)
    var direct = Campaign(id: "c-direct", channel: directChannel, clickCost: 0, impressionCost: 0)
    direct.setChances(of: .direct(named: directChannel), quality: 1)
    campaigns.append(direct)
  }

  /// A paid campaign, larger ones more often. O(log campaigns).
  func pick(_ random: inout SeededRandom) -> Int32 {
    let draw = random.below(cumulativeSizes[cumulativeSizes.count - 1])
    var low = 0
    var high = cumulativeSizes.count - 1
    while low < high {
      let middle = (low + high) / 2
      if cumulativeSizes[middle] <= draw { low = middle + 1 } else { high = middle }
    }
    return Int32(low)
  }

  /// Every sixteenth has a name that a record key must percent-encode. With two spellings, every second name
  /// is the one before it, spelled differently.
  private static func name(_ index: Int, hasTwoSpellings: Bool) -> String {
    if hasTwoSpellings { return "c-\(index / 2)" + (index % 2 == 0 ? "\u{E9}" : "e\u{301}") }
    return index % 16 == 5 ? "c-\(index + 1) Été/50%|A" : "c-\(index + 1)"
  }
}

extension Campaign {
  fileprivate mutating func setChances(of channel: ChannelMarket, quality: Double) {
    clickChance = Chance(channel.clickRate * quality)
    conversionChance = Chance(channel.conversionRate * quality)
    strayChance = Chance(
      channel.conversionRate * quality * TrafficGenerator.strayConversions)
  }

  fileprivate init(id: String, channel: String, clickCost: Micros, impressionCost: Micros) {
    self.id = Array(id.utf8)
    idJSON = JSONText.quoted(id, escapesAll: false)
    idEscapedJSON = JSONText.quoted(id, escapesAll: true)
    channelJSON = JSONText.quoted(channel, escapesAll: false)
    self.clickCost = clickCost
    self.impressionCost = impressionCost
  }
}
