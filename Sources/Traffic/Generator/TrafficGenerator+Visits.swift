import Attribution
import Codec

/// Visits: runs of impressions and clicks of one user, and the conversions that follow.
extension TrafficGenerator {
  mutating func addVisit() {
    let user = pickUser()
    var time = clock
    var lastImpression: PendingEvent?
    var touches = 0
    repeat {
      let touch = makeTouch(of: user, at: time, after: lastImpression)
      if touch.kind == .impression { lastImpression = touch }
      send(touch)
      if touch.kind == .click { addConversion(after: touch) }
      touches += 1
      // Some touches share a millisecond: then the ids decide the order.
      if random.below(64) != 0 {
        time += Delays.logNormal(median: options.touchPause, spread: 170_000, &random)
      }
    } while remaining > 0 && touches < TrafficGenerator.mostTouchesPerVisit
      && !chances.visitEnds.happens(&random)
  }

  mutating func makeTouch(
    of user: UInt64, at time: Milliseconds, after impression: PendingEvent?
  ) -> PendingEvent {
    var touch = PendingEvent(
      arrival: time, time: time, kind: chances.impression.happens(&random) ? .impression : .click,
      identity: nextIdentity(), user: user, format: random.next())
    let details = random.next()
    // Half an hour's touches are one session; its id means something within its user only.
    if details & 15 != 0 { touch.session = Int32(truncatingIfNeeded: (time / 1_800_000) % 1_000) }
    touch.namesChannel = details >> 4 & 63 != 0

    if touch.kind == .click, chances.direct.happens(&random) {
      touch.campaign = catalogue.directCampaign
      return touch
    }
    if touch.kind == .click, let impression, impression.time < time,
      chances.clicksLastImpression.happens(&random)
    {
      touch.campaign = impression.campaign
      touch.ad = impression.ad
    } else {
      touch.campaign = catalogue.pick(&random)
      if details >> 10 & 31 != 0 { touch.ad = Int32(random.below(Int64(options.adsPerCampaign))) }
    }
    if options.touchCosts {
      let campaign = catalogue.campaigns[Int(touch.campaign)]
      let cost = touch.kind == .click ? campaign.clickCost : campaign.impressionCost
      if cost > 0 || details >> 15 & 7 == 0 { touch.amount = cost }
    }
    return touch
  }

  private mutating func addConversion(after click: PendingEvent) {
    if remaining > 0, chances.converts.happens(&random) {
      let delay = Delays.logNormal(median: options.conversionDelay, spread: 210_000, &random)
      send(makeConversion(of: click.user, at: click.time + Swift.min(delay, 4 * 3_600_000)))
    }
    if remaining > 0, chances.strayConversion.happens(&random) {
      send(makeConversion(of: SeededRandom.mix(~UInt64(random.below(10_000))), at: click.time))
    }
  }

  mutating func makeConversion(of user: UInt64, at time: Milliseconds) -> PendingEvent {
    let prices: [Micros] = [
      9_990_000, 19_900_000, 24_500_000, 49_000_000, 59_900_000, 99_000_000, 129_950_000,
      249_000_000,
    ]
    let isHuge = options.hugeValues > 0 && chances.huge.happens(&random)
    let value: Micros =
      switch isHuge ? 32 : random.below(32) {
      case 32: Money.largest - random.below(Money.largest / 8)
      case 0: -1
      case 1: 0
      case 2, 3: 1 + random.below(500_000_000)
      default: prices[Int(random.below(8))] * (1 + random.below(8) / 6)
      }
    return PendingEvent(
      arrival: time, time: time, kind: .conversion, identity: nextIdentity(), user: user,
      amount: value, format: random.next())
  }

  mutating func pickUser() -> UInt64 {
    if options.busyUserShare > 0, chances.busyUser.happens(&random) {
      return TrafficGenerator.busyUser
    }
    if chances.returningUser.happens(&random) {
      let slot = Int(random.below(Int64(TrafficGenerator.recentUserCount)))
      if slot < recentUsers.count { return recentUsers[slot] }
    }
    var user = SeededRandom.mix(UInt64(random.below(Int64(Swift.max(options.users, 1)))) + 1)
    if options.hasTwoSpellings { user = user & ~1 | UInt64(random.below(2)) }
    if recentUsers.count < TrafficGenerator.recentUserCount {
      recentUsers.append(user)
    } else {
      recentUsers[recentPosition] = user
      recentPosition = (recentPosition + 1) % TrafficGenerator.recentUserCount
    }
    return user
  }

  /// The number behind an event id: unique, and not in the order of time.
  mutating func nextIdentity() -> UInt64 {
    identities += 1
    if options.hasTwoSpellings {
      // Two in a row differ in the spelling alone.
      let pair = (identities >> 1) &* 0x5DEE_CE66_D1CD &+ options.seed
      return (pair << 1 | identities & 1) & 0xFFFF_FFFF_FFFF
    }
    return (identities &* 0x5DEE_CE66_D1CD &+ options.seed) & 0xFFFF_FFFF_FFFF
  }
}
