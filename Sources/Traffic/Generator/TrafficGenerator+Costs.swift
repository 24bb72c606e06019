import Attribution
import Codec

/// Costs: a row per campaign and hour.
extension TrafficGenerator {
  /// The coming hour's rows: one per paid campaign, at a time of its own within the hour.
  mutating func addCostRows() {
    for campaign in catalogue.paidCampaigns {
      let time = nextCostHour + Milliseconds(campaign) * 97_561 % 3_600_000
      guard time >= options.start else { continue }
      var row = makeCostRow(of: campaign, at: time)
      row.arrival = time + Delays.mostlyShort(upTo: times.ordinary, &random)
      queue.insert(row)
      if chances.duplicate.happens(&random) { sendCopy(of: row) }
      if options.versions > 0, chances.version.happens(&random) { sendVersions(of: row) }
    }
  }

  mutating func makeCostRow(of campaign: Int32, at time: Milliseconds) -> PendingEvent {
    PendingEvent(
      arrival: time, time: time, kind: .cost, identity: nextIdentity(), campaign: campaign,
      // What serving costs beside the media, or media cost that is on no touch.
      amount: options.profile == .market
        ? 200_000 + random.below(2_000_000) : 5_000_000 + random.below(200_000_000),
      format: random.next())
  }
}
