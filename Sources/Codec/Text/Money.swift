import Attribution

/// Amounts of money as text, exactly: integer millionths, never through floating point.
public enum Money {
  /// Millionths in one unit of currency.
  public static let microsPerUnit: Micros = 1_000_000
  /// The largest amount that one event may have: 10¹² units.
  public static let largest: Micros = 1_000_000_000_000 * microsPerUnit
  private static let maximumDecimals = 6

  // MARK: Reading

  /// The amount of an event that `text` says: digits, perhaps a point and digits, perhaps an exponent.
  ///
  /// Nil for anything else (a sign, a blank, no digit before the point or behind it), for more than `largest`,
  /// and, unless they are rounded half to even, for digits other than zero behind the sixth decimal. Leading
  /// zeros are fine. Linear in the length of the text, whatever the exponent.
  public static func parse(
    _ text: BorrowedBytes, excessDecimals: ExcessDecimals = .refuse
  ) -> Micros? {
    guard let micros = usualForm(text, from: 0) ?? anyForm(text, excessDecimals),
      micros <= UInt64(largest)
    else { return nil }
    return Micros(micros)
  }

  /// As `parse`, for text that is a `String`.
  public static func parse(
    _ text: String, excessDecimals: ExcessDecimals = .refuse
  ) -> Micros? {
    text.withBorrowedBytes { parse($0, excessDecimals: excessDecimals) }
  }

  /// What keeps a text from being an amount; nil where nothing does. For messages: `parse` decides.
  static func fault(_ text: BorrowedBytes, excessDecimals: ExcessDecimals) -> RejectionDetail? {
    if parse(text, excessDecimals: excessDecimals) != nil { return nil }
    guard let digits = digits(text) else {
      let isAfterMinus = !text.isEmpty && text[0] == ASCII.minus
      if isAfterMinus,
        Self.digits(BorrowedBytes(start: text.start + 1, count: text.count - 1)) != nil
      {
        return .isNegative
      }
      let isDigitsAndCommas = (0..<text.count).allSatisfy {
        ASCII.isDigit(text[$0]) || text[$0] == ASCII.comma || text[$0] == ASCII.point
      }
      return isDigitsAndCommas && (0..<text.count).contains { text[$0] == ASCII.comma }
        ? .hasComma : .isNoAmount
    }
    guard excessDecimals == .refuse, -digits.power > maximumDecimals,
      digits.count + digits.power <= 13
    else { return .isTooMuch }
    return .hasDecimals(-digits.power)
  }

  /// The amount that a published record says: as `append` writes it, or with fewer decimals, perhaps behind a
  /// minus; nil for anything else and for what does not fit `Micros`.
  public static func parseSigned(_ text: BorrowedBytes) -> Micros? {
    parseSum(text).flatMap { Micros(exactly: $0) }
  }

  /// As `parseSigned`, for text that is a `String`.
  public static func parseSigned(_ text: String) -> Micros? {
    text.withBorrowedBytes { parseSigned($0) }
  }

  /// The sum that a published record says, which may be beyond 64 bits.
  public static func parseSum(_ text: BorrowedBytes) -> MicrosSum? {
    let isNegative = !text.isEmpty && text[0] == ASCII.minus
    let start = isNegative ? 1 : 0
    if let magnitude = usualForm(text, from: start) {
      return isNegative ? -MicrosSum(magnitude) : MicrosSum(magnitude)
    }
    return longForm(text, from: start, isNegative: isNegative)
  }

  /// Digits, then perhaps a point and one to six digits, 19 in all at most but for leading zeros; nil for
  /// anything else, and for what does not fit.
  @inline(__always)
  private static func usualForm(_ text: BorrowedBytes, from start: Int) -> UInt64? {
    var index = start
    while index < text.count, text[index] == ASCII.zero { index += 1 }
    let first = index
    var total: UInt64 = 0
    addDigits(text, &index, to: &total)
    guard index > start else { return nil }
    var digitCount = index - first
    var decimals = 0
    if index < text.count {
      guard text[index] == ASCII.point else { return nil }
      index += 1
      let firstDecimal = index
      addDigits(text, &index, to: &total)
      decimals = index - firstDecimal
      digitCount += decimals
      guard index == text.count, 1...maximumDecimals ~= decimals else { return nil }
    }
    // More digits do not fit, and may have made the total overflow.
    guard digitCount <= 19 else { return nil }
    let scaled = total.multipliedReportingOverflow(by: powersOfTen(maximumDecimals - decimals))
    return scaled.overflow ? nil : scaled.partialValue
  }

  @inline(__always)
  private static func addDigits(
    _ text: BorrowedBytes, _ index: inout Int, to total: inout UInt64
  ) {
    while index < text.count, ASCII.isDigit(text[index]) {
      total = total &* 10 &+ UInt64(text[index] &- ASCII.zero)
      index += 1
    }
  }

  /// As `usualForm`, with as many digits as 127 bits hold.
  @inline(never)
  private static func longForm(
    _ text: BorrowedBytes, from start: Int, isNegative: Bool
  ) -> MicrosSum? {
    var total: MicrosSum = 0
    var decimals = -1
    var digitCount = 0
    func append(_ digit: UInt8) -> Bool {
      // Counted downwards, because the negative range is the larger.
      let product = total.multipliedReportingOverflow(by: 10)
      let difference = product.partialValue.subtractingReportingOverflow(MicrosSum(digit))
      total = difference.partialValue
      return !product.overflow && !difference.overflow
    }
    for index in start..<text.count {
      if text[index] == ASCII.point, decimals < 0, digitCount > 0 {
        decimals = 0
        continue
      }
      guard ASCII.isDigit(text[index]), decimals < maximumDecimals,
        append(text[index] &- ASCII.zero)
      else { return nil }
      digitCount += 1
      if decimals >= 0 { decimals += 1 }
    }
    guard digitCount > 0, decimals != 0 else { return nil }
    for _ in max(0, decimals)..<maximumDecimals {
      guard append(0) else { return nil }
    }
    guard isNegative || total > .min else { return nil }
    return isNegative ? total : -total
  }

  /// Digits that are significant, in a text that may have a point among them.
  private struct Digits {
    let text: BorrowedBytes
    /// From the first digit that is not zero to behind the last one.
    var range = 0..<0
    /// Where the point is; behind the digits if there is none.
    var point = 0
    var exponent = 0

    /// The number of digits in `range`.
    var count: Int { range.count - (range.contains(point) ? 1 : 0) }

    /// By which power of ten the digits have to be multiplied, if they are taken for a whole number.
    var power: Int {
      let behind = point - range.upperBound
      return exponent + (behind >= 0 ? behind : behind + 1)
    }

    /// A digit of `range`, counted from its start.
    subscript(number: Int) -> UInt8 {
      let index = range.lowerBound + number
      let isBehindPoint = range.contains(point) && index >= point
      return text[isBehindPoint ? index + 1 : index] &- ASCII.zero
    }
  }

  @inline(never)
  private static func anyForm(_ text: BorrowedBytes, _ excess: ExcessDecimals) -> UInt64? {
    guard let digits = digits(text) else { return nil }
    if digits.count == 0 { return 0 }
    let power = digits.power + maximumDecimals
    let kept = power >= 0 ? digits.count : digits.count + power
    guard kept + max(0, power) <= 19 else { return nil }
    var total: UInt64 = 0
    for number in 0..<max(0, kept) { total = total * 10 + UInt64(digits[number]) }
    if power >= 0 {
      let scaled = (0..<power).reduce((total, false)) { result, _ in
        let product = result.0.multipliedReportingOverflow(by: 10)
        return (product.partialValue, result.1 || product.overflow)
      }
      return scaled.1 ? nil : scaled.0
    }
    // The last digit is not zero: something would be lost.
    guard excess == .round else { return nil }
    if kept < 0 { return 0 }
    let next = digits[kept]
    let isHalf = next == 5 && digits.count == kept + 1
    let isUp = isHalf ? total % 2 == 1 : next >= 5
    return isUp ? total + 1 : total
  }

  /// The parts of digits, a point and digits, and an exponent; nil for anything else.
  private static func digits(_ text: BorrowedBytes) -> Digits? {
    var index = 0
    func skipDigits() -> Bool {
      let start = index
      while index < text.count, ASCII.isDigit(text[index]) { index += 1 }
      return index > start
    }
    guard skipDigits() else { return nil }
    var digits = Digits(text: text, point: index)
    if index < text.count, text[index] == ASCII.point {
      index += 1
      guard skipDigits() else { return nil }
    }
    let end = index
    if index < text.count {
      guard text[index] | 0x20 == UInt8(ascii: "e") else { return nil }
      index += 1
      let isNegative = index < text.count && text[index] == ASCII.minus
      if isNegative || (index < text.count && text[index] == ASCII.plus) { index += 1 }
      let start = index
      guard skipDigits(), index == text.count else { return nil }
      for place in start..<index {
        // No text is long enough to make up for more.
        digits.exponent = min(
          digits.exponent * 10 + Int(text[place] &- ASCII.zero), 1_000_000_000)
      }
      if isNegative { digits.exponent.negate() }
    }
    func isSignificant(_ index: Int) -> Bool {
      text[index] != ASCII.zero && text[index] != ASCII.point
    }
    guard let first = (0..<end).first(where: isSignificant) else { return digits }
    digits.range = first..<(0..<end).last(where: isSignificant)! + 1
    return digits
  }

  @inline(__always)
  private static func powersOfTen(_ exponent: Int) -> UInt64 {
    switch exponent {
    case 0: 1
    case 1: 10
    case 2: 100
    case 3: 1_000
    case 4: 10_000
    case 5: 100_000
    default: 1_000_000
    }
  }

  // MARK: Writing

  /// Appends `micros` with six decimals: `119.800000`, `-1.500000`.
  public static func append(_ micros: MicrosSum, to output: inout [UInt8]) {
    put(micros, into: &output)
  }

  /// As `append`, to wherever records are written.
  static func put<Sink: ByteSink & ~Copyable>(_ micros: Micros, into output: inout Sink) {
    if micros < 0 { output.put(ASCII.minus) }
    put(magnitude: micros.magnitude, into: &output)
  }

  /// As the other, for a sum that may be beyond 64 bits.
  static func put<Sink: ByteSink & ~Copyable>(_ micros: MicrosSum, into output: inout Sink) {
    if micros < 0 { output.put(ASCII.minus) }
    if let magnitude = UInt64(exactly: micros.magnitude) {
      return put(magnitude: magnitude, into: &output)
    }
    let (units, decimals) = micros.magnitude.quotientAndRemainder(
      dividingBy: UInt128(microsPerUnit))
    for digit in String(units).utf8 { output.put(digit) }
    output.put(ASCII.point)
    output.put(decimal: UInt64(decimals), digits: maximumDecimals)
  }

  private static func put<Sink: ByteSink & ~Copyable>(
    magnitude: UInt64, into output: inout Sink
  ) {
    let (units, decimals) = magnitude.quotientAndRemainder(dividingBy: microsPerUnit.magnitude)
    output.put(decimal: units)
    output.put(ASCII.point)
    output.put(decimal: decimals, digits: maximumDecimals)
  }

  /// `micros` with six decimals, as `append` writes it.
  public static func format(_ micros: MicrosSum) -> String {
    var output: [UInt8] = []
    append(micros, to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  /// As the other, for one amount.
  public static func format(_ micros: Micros) -> String { format(MicrosSum(micros)) }
}
