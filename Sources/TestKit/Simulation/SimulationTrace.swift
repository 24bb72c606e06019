import Traffic

/// What happened in a run, as one number: two runs with the same number went the same way.
struct SimulationTrace {
  private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  /// Called with a line for each thing that happens; nil for silence.
  var onLine: ((String) -> Void)?

  mutating func note(_ number: Int64) {
    hash = SeededRandom.mix(hash ^ UInt64(bitPattern: number))
  }

  mutating func note(_ line: @autoclosure () -> String) {
    if let onLine { onLine(line()) }
  }
}
