/// Random delays in integer arithmetic: a platform's `exp` and `log` may differ in the last bit, and
/// then the same seed would not give the same bytes.
///
/// Fixed-point numbers here have 16 fraction bits.
enum Delays {
  static let one: Int64 = 65_536

  /// 2^`exponent`, within 0.3 %; the exponent is clamped to ±40.
  static func powerOfTwo(_ exponent: Int64) -> Int64 {
    let whole = exponent >> 16
    let fraction = exponent & 0xFFFF
    let mantissa = one + (fraction * (43_024 + (22_512 * fraction) >> 16)) >> 16
    return whole >= 0 ? mantissa << min(whole, 40) : mantissa >> min(-whole, 40)
  }

  /// An exponentially distributed number with mean 1, in fixed point.
  static func exponential(_ random: inout SeededRandom) -> Int64 {
    let draw = random.next() | 1
    let leading = Int64(draw.leadingZeroBitCount)
    let fraction = leading == 63 ? 0 : Int64((draw << UInt64(leading + 1)) >> 48)
    let logarithm = fraction + (22_525 * ((fraction * (one - fraction)) >> 16)) >> 16
    return (((leading + 1) * one - logarithm) * 45_426) >> 16
  }

  /// A log-normal-like delay: half of them below `median`, and about two thirds within a factor of
  /// 2^(0.58 × `spread`) of it; never further than 2^(2 × `spread`).
  static func logNormal(
    median: Int64, spread: Int64, _ random: inout SeededRandom
  ) -> Int64 {
    let draw = random.next()
    let sum = Int64((draw & 0xFFFF) + (draw >> 16 & 0xFFFF) + (draw >> 32 & 0xFFFF) + draw >> 48)
    return (median * powerOfTwo(((sum - 2 * 65_535) * spread) >> 16)) >> 16
  }

  /// A delay in `low...high` whose logarithm is about uniform: most are short, some are long.
  static func logUniform(from low: Int64, to high: Int64, _ random: inout SeededRandom) -> Int64 {
    guard high > low else { return low }
    let base = max(low, 1)
    let doublings = Int64(63 - (high / base).leadingZeroBitCount) + 1
    let delay = (base * powerOfTwo(random.below(doublings * one))) >> 16
    return delay <= high ? max(delay, low) : low + random.below(high - low + 1)
  }

  /// A delay in `0...most`, short more often than long.
  static func mostlyShort(upTo most: Int64, _ random: inout SeededRandom) -> Int64 {
    let draw = Int64(random.next() >> 49)
    return Int64((Int128(most) * Int128(draw * draw)) >> 30)
  }
}
