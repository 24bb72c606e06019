// Safety: `room` is written from its end down, never more than its 20 bytes: 64 bits have no more digits.

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
  @inline(__always)
  package mutating func appendDecimal(_ value: UInt64, digits: Int = 1) {
    if value < 10 && digits == 1 { return append(ASCII.zero + UInt8(truncatingIfNeeded: value)) }
    if value < 100 && digits == 2 {
      append(ASCII.zero + UInt8(truncatingIfNeeded: value / 10))
      return append(ASCII.zero + UInt8(truncatingIfNeeded: value % 10))
    }
    appendLongDecimal(value, digits: digits)
  }

  private mutating func appendLongDecimal(_ value: UInt64, digits: Int) {
    // 20 digits are the most that 64 bits need.
    precondition(digits <= 20, "so many leading zeros were never asked for")
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { room in
      var start = 20
      var rest = value
      repeat {
        start -= 1
        room[start] = ASCII.zero + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      while 20 - start < digits {
        start -= 1
        room[start] = ASCII.zero
      }
      append(contentsOf: UnsafeBufferPointer(rebasing: room[start...]))
    }
  }

  /// Appends a signed integer.
  package mutating func appendDecimal(_ value: Int64) {
    if value < 0 { append(ASCII.minus) }
    appendDecimal(value.magnitude)
  }
}
