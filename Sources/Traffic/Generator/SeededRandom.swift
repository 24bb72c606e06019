/// xoshiro256** seeded by SplitMix64: the same seed gives the same numbers on every machine.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  public init(seed: UInt64) {
    var walk = seed
    func next() -> UInt64 {
      walk &+= 0x9E37_79B9_7F4A_7C15
      return SeededRandom.mix(walk)
    }
    state = (next(), next(), next(), next())
  }

  public mutating func next() -> UInt64 {
    let result = SeededRandom.rotate(state.1 &* 5, by: 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = SeededRandom.rotate(state.3, by: 45)
    return result
  }

  /// A number in `0..<bound`; 0 when `bound` is not positive. The bias is below `bound` / 2^64.
  public mutating func below(_ bound: Int64) -> Int64 {
    guard bound > 0 else { return 0 }
    return Int64(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// SplitMix64's finalizer: a bijection that scatters neighbouring numbers.
  package static func mix(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  private static func rotate(_ value: UInt64, by count: UInt64) -> UInt64 {
    (value << count) | (value >> (64 - count))
  }
}

/// A probability as an integer threshold, so that draws never depend on floating point.
struct Chance: Sendable {
  private let threshold: UInt64

  /// - Parameter fraction: clamped to 0…1.
  init(_ fraction: Double) {
    threshold = fraction > 0 ? UInt64(min(fraction, 1) * 4_294_967_296) : 0
  }

  func happens(_ random: inout SeededRandom) -> Bool {
    random.next() >> 32 < threshold
  }
}
