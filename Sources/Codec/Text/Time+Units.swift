import Attribution

extension Time {
  /// The instant that a number says, in a unit of which a second has 10 to the power of `digits`: 0 for seconds, 9 for nanoseconds.
  /// Decimals and exponents are read exactly; finer than a millisecond is dropped. Nil for what is no number, and
  /// outside of years 0000 to 9999.
  package static func parse(number text: BorrowedBytes, digits: Int) -> Milliseconds? {
    var index = 0
    let isNegative = !text.isEmpty && text[0] == ASCII.minus
    if isNegative { index += 1 }
    var mantissa: Int128 = 0
    var exponent = 3 - digits
    var digitCount = 0
    var hasPoint = false
    while index < text.count {
      let byte = text[index]
      if byte == ASCII.point, !hasPoint {
        hasPoint = true
      } else if ASCII.isDigit(byte) {
        digitCount += 1
        // What 30 digits do not hold is finer than a millisecond, or no time.
        if digitCount <= 30 {
          mantissa = mantissa * 10 + Int128(byte &- ASCII.zero)
          if hasPoint { exponent -= 1 }
        } else if !hasPoint {
          exponent += 1
        }
      } else {
        break
      }
      index += 1
    }
    guard digitCount > 0 else { return nil }
    if index < text.count {
      guard let power = self.exponent(of: text, from: index) else { return nil }
      exponent += power
    }
    if isNegative { mantissa = -mantissa }
    return scaled(mantissa, by: exponent)
  }

  /// The `e9` behind a number.
  private static func exponent(of text: BorrowedBytes, from index: Int) -> Int? {
    guard text[index] | 0x20 == UInt8(ascii: "e") else { return nil }
    var start = index + 1
    if start < text.count, text[start] == ASCII.plus { start += 1 }
    let rest = BorrowedBytes(start: text.start + start, count: text.count - start)
    guard rest.count <= 6, let power = Int64(decimal: rest) else { return nil }
    return Int(power)
  }

  private static func scaled(_ mantissa: Int128, by exponent: Int) -> Milliseconds? {
    var value = mantissa
    var left = exponent
    while left > 0, value != 0 {
      guard abs(value) < 1 << 100 else { return nil }
      value *= 10
      left -= 1
    }
    while left < 0, value != 0, value != -1 {
      // Downwards, as decimals are dropped from a time.
      value = value >= 0 ? value / 10 : -((9 - value) / 10)
      left += 1
    }
    guard let time = Milliseconds(exactly: value), (earliest...latest).contains(time) else {
      return nil
    }
    return time
  }
}
