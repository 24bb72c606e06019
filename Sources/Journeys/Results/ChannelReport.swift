import Attribution

/// Computes the channel report from stored shares.
///
/// A row is a channel and a date of conversions: `ihc` sums the shares of the channel's sessions in the
/// journeys of that date, `ihc_revenue` those shares of the conversions' revenue, `cost` what these
/// sessions cost, each counted once in a row.
package struct ChannelReport {
  /// Which costs count.
  package enum CostBasis: String, CaseIterable, Sendable {
    /// Those of the sessions in the journeys of the date's conversions.
    case journeys
    /// Those of all sessions of the date, whether or not a conversion followed.
    case sessions
  }

  private static let batchSize = 500

  private struct Key: Hashable {
    var channel: String
    var day: JourneyDay
  }

  private struct Sums {
    var cost: Int128 = 0
    var ihc = ExactSum()
    /// In micros.
    var revenue = ExactSum()
  }

  private let source: any JourneySource
  private let results: any JourneyResults
  private var sums: [Key: Sums] = [:]
  /// Sessions of a user whose cost has been counted, by date; a session has one channel.
  private var counted: [JourneyDay: Set<String>] = [:]
  private var user: String?

  /// Shares whose session is not in the input any more.
  package private(set) var unknownSessions = 0

  package init(_ source: any JourneySource, _ results: any JourneyResults) {
    self.source = source
    self.results = results
  }

  /// The rows of the selection's dates.
  package mutating func rows(
    _ selection: JourneySelection, costs: CostBasis
  ) throws -> [ChannelDay] {
    // What was answered with another look-back has other sessions.
    let whole = selection.withoutLookback
    var batch: [Journey] = []
    try source.forEachJourney(whole) { journey in
      guard !journey.sessions.isEmpty else { return }
      batch.append(journey)
      if batch.count == Self.batchSize {
        try add(batch, costs)
        batch.removeAll(keepingCapacity: true)
      }
    }
    try add(batch, costs)
    if costs == .sessions {
      try source.forEachCost(whole) { channel, day, cost in
        sums[Key(channel: channel, day: day), default: Sums()].cost += Int128(cost)
      }
    }
    return sums.map { key, sums in
      ChannelDay(
        channel: key.channel, day: key.day, cost: Double(sums.cost) / 1e6, ihc: sums.ihc.value,
        revenue: sums.revenue.value.rounded(.toNearestOrEven) / 1e6)
    }.sorted {
      $0.day != $1.day
        ? $0.day < $1.day : $0.channel.utf8.lexicographicallyPrecedes($1.channel.utf8)
    }
  }

  private mutating func add(_ journeys: [Journey], _ costs: CostBasis) throws {
    let stored = try results.credits(journeys.map(\.conversionID))
    for journey in journeys {
      guard let credits = stored[journey.conversionID] else { continue }
      if journey.userID != user {
        user = journey.userID
        counted.removeAll(keepingCapacity: true)
      }
      let sessions = Dictionary(journey.sessions.map { ($0.id, $0) }) { $1 }
      for credit in credits {
        guard let session = sessions[credit.sessionID] else {
          unknownSessions += 1
          continue
        }
        let key = Key(channel: session.channel, day: journey.day)
        sums[key, default: Sums()].ihc.add(credit.ihc)
        sums[key]!.revenue.add(credit.ihc * Double(journey.revenue))
        if costs == .journeys,
          counted[journey.day, default: []].insert(session.id).inserted
        {
          sums[key]!.cost += Int128(session.cost)
        }
      }
    }
  }
}

/// A sum of doubles that does not depend on their order but for the last bit (Neumaier, 1974).
private struct ExactSum {
  private var sum = 0.0
  private var lost = 0.0

  var value: Double { sum + lost }

  mutating func add(_ term: Double) {
    let next = sum + term
    lost += sum.magnitude >= term.magnitude ? (sum - next) + term : (term - next) + sum
    sum = next
  }
}
