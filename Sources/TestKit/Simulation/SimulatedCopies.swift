import Pipeline
import Traffic

/// The copies of live state that the machines of a simulated world keep, and what becomes of their disks.
package struct SimulatedCopies: Sendable {
  /// Attribution workers share them by turns.
  package var machines = 1
  /// Bytes at which a copy begins its next file.
  package var segmentLimit = 4_096
  package var faults = MemoryCopyStore.Faults()
  /// Of a thousand turns, in how many somebody does something to files.
  package var disturbances: Int64 = 0

  package init() {}

  /// Nil where a world has none.
  init?(_ random: inout SeededRandom) {
    guard random.below(2) == 0 else { return nil }
    machines = 1 + Int(random.below(2))
    segmentLimit = 256 << Int(random.below(10))
    faults.kill = random.below(2) * random.below(40)
    faults.fail = random.below(2) * random.below(40)
    disturbances = random.below(2) * random.below(60)
  }
}

extension Simulation {
  /// What became of the copies of live state, on all machines.
  package var copyTally: StateCopies.Tally {
    copies.reduce(into: StateCopies.Tally()) { sum, copies in
      sum.entries += copies.tally.entries
      sum.problems.merge(copies.tally.problems, uniquingKeysWith: +)
    }
  }
}
