/// `ihc_heuristic`: a split of our own among initializer, holder and closer, for those without the
/// API. It is not the API's model, and its numbers are not comparable with it.
///
/// With sessions 0 … n−1 and q = 1, or 1/2 for a session that was an impression only:
///
///     initializer ∝ q · 2^(−i)
///     closer      ∝ q · (1 + closer_engagement) · 2^(−(n−1−i))
///     holder      ∝ q · (1 + holder_engagement), of the sessions between first and last; of all if n ≤ 2
///     ihc         = 0.4 · initializer + 0.2 · holder + 0.4 · closer
///
/// Each column is in millionths that sum to exactly one per conversion: floored, the rest to the largest
/// remainders, ties to the later session.
package enum HeuristicSplit {
  package static let name = "ihc_heuristic"

  package static func credits(_ sessions: [Session]) -> [SessionCredit] {
    guard !sessions.isEmpty else { return [] }
    let last = sessions.count - 1
    let quality = sessions.map { $0.isImpression ? 0.5 : 1.0 }
    func column(_ weight: (Int) -> Double) -> [Int64] {
      millionths(sessions.indices.map { quality[$0] * weight($0) })
    }
    let initializer = column { power(-$0) }
    let closer = column { (sessions[$0].hasCloserEngagement ? 2 : 1) * power($0 - last) }
    let holder = column { index in
      guard last < 2 || (index > 0 && index < last) else { return 0 }
      return sessions[index].hasHolderEngagement ? 2 : 1
    }
    let tenths = sessions.indices.map { 4 * initializer[$0] + 2 * holder[$0] + 4 * closer[$0] }
    let ihc = shares(tenths.map { $0 / 10 }, remainders: tenths.map { $0 % 10 })
    return sessions.indices.map { index in
      SessionCredit(
        sessionID: sessions[index].id, initializer: Double(initializer[index]) / 1e6,
        holder: Double(holder[index]) / 1e6, closer: Double(closer[index]) / 1e6,
        ihc: Double(ihc[index]) / 1e6)
    }
  }

  private static func power(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: max(exponent, -1_000), significand: 1)
  }

  private static func millionths(_ weights: [Double]) -> [Int64] {
    let total = weights.reduce(0, +)
    let exact = weights.map { $0 / total * 1e6 }
    return shares(exact.map { Int64($0) }, remainders: exact.map { $0 - $0.rounded(.down) })
  }

  /// Adds what lacks to a million to the largest remainders, one each, ties to the later one.
  private static func shares<Remainder: Comparable>(
    _ floors: [Int64], remainders: [Remainder]
  ) -> [Int64] {
    var shares = floors
    let missing = Int(1_000_000 - floors.reduce(0, +))
    let order = floors.indices.sorted {
      remainders[$0] != remainders[$1] ? remainders[$0] > remainders[$1] : $0 > $1
    }
    for index in order.prefix(max(0, missing)) { shares[index] += 1 }
    return shares
  }
}
