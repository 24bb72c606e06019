/// How often and after what pauses a request is made again.
package struct Backoff: Sendable {
  /// Attempts in all.
  package var attempts = 6
  /// The first pause, in seconds; each doubles the one before.
  package var first = 1.0
  /// The longest pause of our own choice, in seconds.
  package var longest = 60.0
  /// The longest pause that the API may ask for, in seconds; for a longer one the chunk waits for
  /// another run.
  package var longestAsked = 600.0

  package init() {}

  /// Seconds before the attempt that follows this many: half of the pause is left to chance, so that
  /// requests that failed together do not come together again.
  func pause(
    after failures: Int, asked: Int64?, random: inout some RandomNumberGenerator
  ) -> Double {
    let full = min(longest, first * Double(1 << min(failures - 1, 20)))
    let own = full * Double.random(in: 0.5...1, using: &random)
    guard let asked else { return own }
    return Double(asked) + full * Double.random(in: 0...0.25, using: &random)
  }
}
