import Attribution

/// How far time-decay numbers may be off, since their weights are doubles and another library's `exp2`
/// may differ in the last bit.
///
/// Every share may differ by one unit: of credit, one millionth. A millionth of credit moves a millionth
/// of the conversion's value, and the split's own rounding one more micro; hence, per share of a
/// conversion with two or more eligible touches, one millionth of credit and value / 1,000,000,
/// rounded up, + 1 micros of revenue. A bucket sums that over the shares credited to it. A conversion
/// with at most one touch allows nothing.
struct TimeDecaySlack: Sendable {
  private(set) var credit: Int128 = 0
  private(set) var revenue: Int128 = 0

  var isZero: Bool { credit == 0 && revenue == 0 }

  /// Counts one share of a conversion worth `value`.
  mutating func addTouch(value: Micros) {
    credit += 1
    revenue += TimeDecaySlack.revenuePerShare(value: value)
  }

  mutating func add(_ other: TimeDecaySlack) {
    credit += other.credit
    revenue += other.revenue
  }

  static func revenuePerShare(value: Micros) -> Int128 { (Int128(value) + 999_999) / 1_000_000 + 1 }
}
