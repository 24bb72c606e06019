import Attribution

extension Int64 {
  /// The integer that decimal text says: digits, perhaps with a minus before them. Nil for anything
  /// else and for what does not fit.
  init?(decimal text: BorrowedBytes) {
    let isNegative = !text.isEmpty && text[0] == ASCII.minus
    var index = isNegative ? 1 : 0
    guard index < text.count else { return nil }
    // Counted downwards, because the negative range is the larger.
    var total: Int64 = 0
    while index < text.count {
      guard ASCII.isDigit(text[index]) else { return nil }
      let (product, hasOverflowed) = total.multipliedReportingOverflow(by: 10)
      let digit = Int64(text[index] &- ASCII.zero)
      let (difference, hasBorrowed) = product.subtractingReportingOverflow(digit)
      guard !hasOverflowed, !hasBorrowed else { return nil }
      total = difference
      index += 1
    }
    guard isNegative || total > .min else { return nil }
    self = isNegative ? total : -total
  }
}
