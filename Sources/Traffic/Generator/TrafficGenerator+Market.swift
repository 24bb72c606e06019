import Attribution
import Codec

/// Visits as they are in the world: many impressions, few clicks, fewer conversions.
extension TrafficGenerator {
  mutating func addMarketVisit() {
    let user = pickUser()
    var time = clock
    var touches = 0
    repeat {
      let details = random.next()
      if chances.directVisit.happens(&random) {
        let click = makeMarketTouch(
          .click, of: catalogue.directCampaign, by: user, at: time, details)
        send(click)
        addMarketConversion(after: click)
      } else {
        var impression = makeMarketTouch(
          .impression, of: catalogue.pick(&random), by: user, at: time, details)
        if details >> 10 & 31 != 0 {
          impression.ad = Int32(random.below(Int64(options.adsPerCampaign)))
        }
        send(impression)
        let campaign = catalogue.campaigns[Int(impression.campaign)]
        if remaining > 0, campaign.clickChance.happens(&random) {
          // Nobody clicks at once, and half of those who do within four seconds.
          time += 300 + Delays.logNormal(median: 4_000, spread: 100_000, &random)
          var click = makeMarketTouch(.click, of: impression.campaign, by: user, at: time, details)
          click.ad = impression.ad
          send(click)
          addMarketConversion(after: click)
        }
      }
      touches += 1
      time += Delays.logNormal(median: options.touchPause, spread: 170_000, &random)
    } while remaining > 0 && touches < TrafficGenerator.mostTouchesPerVisit
      && !chances.visitEnds.happens(&random)
  }

  private mutating func makeMarketTouch(
    _ kind: EventKind, of campaign: Int32, by user: UInt64, at time: Milliseconds, _ details: UInt64
  ) -> PendingEvent {
    var touch = PendingEvent(
      arrival: time, time: time, kind: kind, identity: nextIdentity(), user: user,
      campaign: campaign, format: random.next())
    if details & 15 != 0 { touch.session = Int32(truncatingIfNeeded: (time / 1_800_000) % 1_000) }
    touch.namesChannel = details >> 4 & 63 != 0
    if options.touchCosts {
      let prices = catalogue.campaigns[Int(campaign)]
      let cost = kind == .click ? prices.clickCost : prices.impressionCost
      if cost > 0 || details >> 15 & 7 == 0 { touch.amount = cost }
    }
    return touch
  }

  /// Half of the conversions come within an eighth of the look-back, most within it, a few after it is over.
  private mutating func addMarketConversion(after click: PendingEvent) {
    let campaign = catalogue.campaigns[Int(click.campaign)]
    if remaining > 0, campaign.conversionChance.happens(&random) {
      let lookback = Swift.max(options.definitions.lookback, 60_000)
      let delay = Delays.logNormal(median: lookback / 8, spread: 210_000, &random)
      send(makeConversion(of: click.user, at: click.time + Swift.min(delay, 2 * lookback)))
    }
    if remaining > 0, campaign.strayChance.happens(&random) {
      send(makeConversion(of: SeededRandom.mix(~UInt64(random.below(10_000))), at: click.time))
    }
  }
}
