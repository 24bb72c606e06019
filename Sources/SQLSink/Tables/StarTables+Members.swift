import Attribution
import Codec
import Reporting

extension StarTables {
  /// Adds the names and days that a batch's rows refer to.
  func putMembers(
    of events: [PublishedEvent], _ attributions: [PublishedAttribution], _ writer: any TableWriter
  ) throws(SQLError) {
    var campaigns: Set<ByteString> = []
    var channels: Set<ByteString> = []
    var ads: Set<ByteString> = []
    var days: Set<Milliseconds> = []
    func add(_ campaign: String, _ channel: String, _ ad: String) {
      campaigns.insert(ByteString(campaign))
      channels.insert(ByteString(channel))
      ads.insert(ByteString(ad))
    }
    func addPublished(_ campaign: String, _ channel: String, _ ad: String) {
      add(publishedName(campaign), publishedName(channel), publishedName(ad))
    }
    for event in events {
      if event.kind != .conversion { addPublished(event.campaignID, event.channel, event.adID) }
      days.insert(event.time.day)
    }
    for attribution in attributions {
      if attribution.touches.isEmpty { add(unattributedName, unattributedName, unattributedName) }
      for touch in attribution.touches {
        addPublished(touch.campaignID, touch.channel, touch.adID)
      }
      days.insert(attribution.time.day)
    }
    try writer.put(campaigns.map { [.text($0.text), .null] }, into: Self.campaigns)
    try writer.put(channels.map(channelRow), into: Self.channels)
    try writer.put(ads.map { [.text($0.text), .null] }, into: Self.ads)
    try writer.put(days.map(Self.dateRow), into: Self.dates)
  }

  private func channelRow(_ channel: ByteString) -> [SQLValue] {
    [.text(channel.text), .boolean(isDirect(channel))]
  }

  private func isDirect(_ channel: ByteString) -> Bool {
    definitions.directChannels.contains { ByteString(publishedName($0)) == channel }
  }

  /// The row of a day: weekdays run from Monday, 1, to Sunday, 7; weeks are those of ISO 8601.
  private static func dateRow(_ day: Int64) -> [SQLValue] {
    let date = CivilDate(daysSinceEpoch: day)
    let monday = day - ((day + 3) % 7 + 7) % 7
    let isoYear = CivilDate(daysSinceEpoch: monday + 3).year
    let firstDay = CivilDate(year: isoYear, month: 1, day: 1).daysSinceEpoch
    let number = day - monday + 1
    return [
      .date(day * 86_400_000), .integer(date.year), .integer((date.month + 2) / 3),
      .integer(date.month), .integer(date.day), .integer(isoYear),
      .integer((monday + 3 - firstDay) / 7 + 1), .integer(number), .boolean(number > 5),
    ]
  }
}

extension Milliseconds {
  /// Days since 1970-01-01, in UTC.
  var day: Int64 { self / 86_400_000 - (self % 86_400_000 < 0 ? 1 : 0) }
}
