// Safety: every buffer is allocated and freed here, and rows are indexed below `count`.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Splits a conversion among its touches, exactly (contract, section 4, "Models" and "Exact shares").
///
/// Credits are millionths that sum to 1,000,000, revenues are micros that sum to the value. Each
/// share is floored and the units that remain go to the largest remainders, ties to the later touch.
struct Shares: ~Copyable {
  static let whole: Int64 = 1_000_000

  /// The credits of `count` touches under the last model computed.
  private(set) var credits: UnsafeMutablePointer<Int64>
  /// The revenues that go with them.
  private(set) var revenues: UnsafeMutablePointer<Int64>
  private var weights: UnsafeMutablePointer<Double>
  private var remainders: UnsafeMutablePointer<UInt64>
  private var order: UnsafeMutablePointer<Int32>
  private var capacity = 0

  init() {
    credits = .allocate(capacity: 0)
    revenues = .allocate(capacity: 0)
    weights = .allocate(capacity: 0)
    remainders = .allocate(capacity: 0)
    order = .allocate(capacity: 0)
    reserve(64)
  }

  deinit { deallocate() }

  /// Computes `credits` and `revenues` of one model for touches in journey order.
  ///
  /// - Parameters:
  ///   - age: conversion time less touch time of the touch at an index, in milliseconds.
  ///   - isDirect: whether that touch came through a direct channel.
  mutating func compute(
    _ model: Model, count: Int, value: Micros, halfLife: Milliseconds,
    age: (Int) -> Milliseconds, isDirect: (Int) -> Bool
  ) {
    precondition(count > 0)
    if count > capacity { reserve(count) }
    credits.update(repeating: 0, count: count)
    switch model {
    case .firstTouch: credits[0] = Shares.whole
    case .lastTouch: credits[count - 1] = Shares.whole
    case .linear: spread(Shares.whole, 0..<count)
    case .positionBased: position(count)
    case .lastNonDirect:
      let last = (0..<count).last { !isDirect($0) } ?? count - 1
      credits[last] = Shares.whole
    case .timeDecay: decay(count, halfLife, age)
    }
    splitValue(value, count)
  }

  /// Gives each index of `range` an equal share; what remains goes to the latest.
  private mutating func spread(_ units: Int64, _ range: Range<Int>) {
    let (share, rest) = units.quotientAndRemainder(dividingBy: Int64(range.count))
    for index in range { credits[index] = share }
    for index in range.suffix(Int(rest)) { credits[index] += 1 }
  }

  private mutating func position(_ count: Int) {
    switch count {
    case 1: credits[0] = Shares.whole
    case 2: spread(Shares.whole, 0..<2)
    default:
      credits[0] = 400_000
      credits[count - 1] = 400_000
      spread(200_000, 1..<count - 1)
    }
  }

  /// Weights 2^(−age/halfLife), taken relative to the latest touch so that they cannot all vanish.
  private mutating func decay(_ count: Int, _ halfLife: Milliseconds, _ age: (Int) -> Milliseconds)
  {
    let latest = age(count - 1)
    var sum = 0.0
    for index in 0..<count {
      weights[index] = exp2(-Double(age(index) - latest) / Double(halfLife))
      sum += weights[index]
    }
    var given: Int64 = 0
    for index in 0..<count {
      let share = Double(Shares.whole) * weights[index] / sum
      let floor = share.rounded(.down)
      credits[index] = Int64(floor)
      given += credits[index]
      remainders[index] = UInt64((share - floor) * 0x1p52)
    }
    hand(out: Shares.whole - given, to: credits, count)
  }

  /// Splits the value with the credits as weights.
  private mutating func splitValue(_ value: Micros, _ count: Int) {
    if count == 1 {
      revenues[0] = value
      return
    }
    var given: Int64 = 0
    for index in 0..<count {
      let product = UInt64(value).multipliedFullWidth(by: UInt64(credits[index]))
      let (quotient, remainder) = UInt64(Shares.whole).dividingFullWidth(product)
      revenues[index] = Int64(quotient)
      remainders[index] = remainder
      given += revenues[index]
    }
    hand(out: value - given, to: revenues, count)
  }

  /// Gives the units that remain to the largest remainders, ties to the later touch.
  private mutating func hand(out units: Int64, to shares: UnsafeMutablePointer<Int64>, _ count: Int)
  {
    guard units > 0 else { return }
    for index in 0..<count { order[index] = Int32(index) }
    let remainders = self.remainders
    var ranked = UnsafeMutableBufferPointer(start: order, count: count)
    ranked.sort { left, right in
      let first = remainders[Int(left)]
      let second = remainders[Int(right)]
      return first != second ? first > second : left > right
    }
    for rank in 0..<Int(units) { shares[Int(order[rank % count])] += 1 }
  }

  private mutating func reserve(_ count: Int) {
    deallocate()
    capacity = max(count, capacity * 2)
    credits = .allocate(capacity: capacity)
    revenues = .allocate(capacity: capacity)
    weights = .allocate(capacity: capacity)
    remainders = .allocate(capacity: capacity)
    order = .allocate(capacity: capacity)
  }

  private func deallocate() {
    credits.deallocate()
    revenues.deallocate()
    weights.deallocate()
    remainders.deallocate()
    order.deallocate()
  }
}
