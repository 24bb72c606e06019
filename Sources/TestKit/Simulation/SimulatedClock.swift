import Attribution

/// The times of a simulated world: the cluster's, which only ever goes on, and what wall clocks show.
///
/// At most one party's wall clock is wrong: it has an offset, which jumps.
struct SimulatedClock {
  /// Whose clock it is.
  enum Party: Int, CaseIterable { case attribution, rollups, broker }

  /// Milliseconds since the simulation began.
  private(set) var elapsed: Milliseconds = 0
  /// What right clocks showed then, and how far time has been moved on since.
  private var origin: Milliseconds
  private var offsets = [Milliseconds](repeating: 0, count: Party.allCases.count)

  private static let largestOffset: Milliseconds = 26 * 3_600_000

  init(wall: Milliseconds) { origin = wall }

  /// What a right clock shows.
  var right: Milliseconds { elapsed + origin }

  /// What a party's clock shows.
  func wall(of party: Party) -> Milliseconds { right + offsets[party.rawValue] }

  mutating func advance(_ duration: Milliseconds) { elapsed += duration }

  /// Sets a party's clock forward or back.
  mutating func jump(_ party: Party, by distance: Milliseconds) {
    let offset = offsets[party.rawValue] + distance
    offsets[party.rawValue] = min(max(offset, -Self.largestOffset), Self.largestOffset)
  }

  /// Lets days go by in which nothing happens: for clocks, and for whatever is started afterwards.
  mutating func skip(_ duration: Milliseconds) { origin += duration }
}
