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

extension [UInt8] {
  /// Appends the decimal digits of `value`, with zeros before them up to `digits` digits.
  package mutating func appendDecimal(_ value: UInt64, digits: Int = 1) {
    var length = 1
    var rest = value / 10
    while rest > 0 {
      length += 1
      rest /= 10
    }
    append(contentsOf: repeatElement(ASCII.zero, count: Swift.max(length, digits)))
    var index = count - 1
    rest = value
    while rest > 0 {
      self[index] = ASCII.zero + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
      index -= 1
    }
  }

  /// Appends a signed integer.
  package mutating func appendDecimal(_ value: Int64) {
    if value < 0 { append(ASCII.minus) }
    appendDecimal(value.magnitude)
  }
}
