import Attribution
import Foundation

/// The shares of the contract, section 4, straight from its sentences.
enum ExactShares {
  /// Millionths per model and touch that sum to exactly 1,000,000; empty when there are no touches.
  ///
  /// - Parameters:
  ///   - times: when the eligible touches happened, in order.
  ///   - isDirect: which of them came through a direct channel.
  static func credits(
    _ model: Model, times: [Milliseconds], isDirect: [Bool], halfLife: Milliseconds
  ) -> [Int64] {
    let count = times.count
    guard count > 0 else { return [] }
    switch model {
    case .firstTouch:
      return everything(to: 0, of: count)
    case .lastTouch:
      return everything(to: count - 1, of: count)
    case .lastNonDirect:
      return everything(to: isDirect.lastIndex(of: false) ?? count - 1, of: count)
    case .linear:
      return split(1_000_000, by: Array(repeating: 1, count: count))
    case .positionBased:
      guard count > 2 else { return split(1_000_000, by: Array(repeating: 1, count: count)) }
      // 40 % : 20 % / middle : 40 %, over their common denominator.
      let middle = Int64(count - 2)
      let ends = 2 * middle
      return split(1_000_000, by: [ends] + Array(repeating: 1, count: count - 2) + [ends])
    case .timeDecay:
      // Relative to the last touch instead of the conversion: the same ratios, and never all zero.
      let last = times[count - 1]
      let weights = times.map { exp2(-Double(last - $0) / Double(halfLife)) }
      return splitMillion(by: weights)
    }
  }

  /// Splits `total` in proportion to `weights`: floors, then one unit each for the largest
  /// remainders, later ones first among equals. The parts sum to exactly `total`.
  static func split(_ total: Int64, by weights: [Int64]) -> [Int64] {
    let sum = weights.reduce(Int128(0)) { $0 + Int128($1) }
    guard sum > 0 else { return [] }
    var parts: [Int64] = []
    var remainders: [Int128] = []
    for weight in weights {
      let product = Int128(total) * Int128(weight)
      parts.append(Int64(product / sum))
      remainders.append(product % sum)
    }
    return handOut(rest: total - parts.reduce(0, +), to: parts, remainders: remainders)
  }

  private static func splitMillion(by weights: [Double]) -> [Int64] {
    let sum = weights.reduce(0, +)
    let shares = weights.map { 1_000_000 * $0 / sum }
    let parts = shares.map { Int64($0) }
    let remainders = zip(shares, parts).map { $0 - Double($1) }
    return handOut(rest: 1_000_000 - parts.reduce(0, +), to: parts, remainders: remainders)
  }

  private static func handOut<Remainder: Comparable>(
    rest: Int64, to parts: [Int64], remainders: [Remainder]
  ) -> [Int64] {
    var parts = parts
    let order = parts.indices.sorted {
      remainders[$0] != remainders[$1] ? remainders[$0] > remainders[$1] : $0 > $1
    }
    for index in order.prefix(Int(max(rest, 0))) { parts[index] += 1 }
    // Doubles may round a share up to a whole unit; then the smallest remainders give it back.
    for index in order.reversed().prefix(Int(max(-rest, 0))) { parts[index] -= 1 }
    return parts
  }

  private static func everything(to index: Int, of count: Int) -> [Int64] {
    var parts = Array(repeating: Int64(0), count: count)
    parts[index] = 1_000_000
    return parts
  }
}
