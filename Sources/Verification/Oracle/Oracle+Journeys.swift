import Attribution

extension Oracle {
  /// A conversion with its eligible touches in order, and their shares by model.
  struct Journey {
    var conversion: Entry
    var touches: [Entry]
    var credits: [[Int64]]
    var revenues: [[Micros]]
    /// Whether there are more eligible touches: these are the last of them.
    var isTruncated = false
  }

  /// Calls `body` with every conversion that was accepted and not taken back.
  func forEachJourney(_ body: (Journey) -> Void) {
    let touches = self.touches.sorted(by: isBefore)
    let conversions = self.conversions.filter { !$0.isDeleted }.sorted(by: isBefore)
    let directChannels = definitions.directChannels.map { Array($0.utf8) }
    let unmatchedUsers = Set(definitions.unmatchedUsers.map { ByteString($0) })
    let longestLookback = max(definitions.lookback, definitions.impressionLookback)

    // Both are sorted by user and time, so the first touch in reach only ever moves forward.
    var first = 0
    for conversion in conversions {
      while first < touches.count,
        touches[first].user < conversion.user
          || touches[first].user == conversion.user
            && touches[first].time < conversion.time - longestLookback
      { first += 1 }

      var eligible: [Entry] = []
      var index = first
      while index < touches.count, touches[index].user == conversion.user,
        touches[index].time <= conversion.time
      {
        if isEligible(touches[index], for: conversion) { eligible.append(touches[index]) }
        index += 1
      }
      if unmatchedUsers.contains(ByteString(names[conversion.userID])) { eligible = [] }
      if definitions.preferClicks, eligible.contains(where: { $0.kind == .click }) {
        eligible.removeAll { $0.kind != .click }
      }
      let excess = max(0, eligible.count - definitions.maxTouches)
      eligible.removeFirst(excess)

      let times = eligible.map(\.time)
      let isDirect = eligible.map { directChannels.contains(Array(names[$0.channel].utf8)) }
      let credits = definitions.models.map {
        ExactShares.credits($0, times: times, isDirect: isDirect, halfLife: definitions.halfLife)
      }
      let revenues = credits.map { ExactShares.split(conversion.amount, by: $0) }
      body(
        Journey(
          conversion: conversion, touches: eligible, credits: credits, revenues: revenues,
          isTruncated: excess > 0))
    }
  }

  private func isEligible(_ touch: Entry, for conversion: Entry) -> Bool {
    let lookback =
      touch.kind == .click ? definitions.lookback : definitions.impressionLookback
    return definitions.touchKinds.contains(touch.kind)
      && conversion.time - lookback <= touch.time && touch.time <= conversion.time
  }

  private func isBefore(_ left: Entry, _ right: Entry) -> Bool {
    if left.user != right.user { return left.user < right.user }
    if left.time != right.time { return left.time < right.time }
    return names.isBefore(left.eventID, right.eventID)
  }
}
