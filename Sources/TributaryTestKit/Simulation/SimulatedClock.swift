import Attribution

/// The two times of a simulated world: the cluster's, which only ever goes on, and the wall clocks',
/// which jump.
struct SimulatedClock {
  /// Milliseconds since the simulation began.
  private(set) var elapsed: Milliseconds = 0
  /// What wall clocks showed then, and have jumped since.
  private var offset: Milliseconds

  init(wall: Milliseconds) { offset = wall }

  /// What wall clocks show.
  var wall: Milliseconds { elapsed + offset }

  mutating func advance(_ duration: Milliseconds) { elapsed += duration }
  mutating func jump(_ distance: Milliseconds) { offset += distance }
}
