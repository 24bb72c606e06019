import Attribution

/// Amounts of money as text: digits with at most six decimals, never through floating point.
public enum Money {
  /// Millionths in one unit of currency.
  public static let microsPerUnit: Micros = 1_000_000
  private static let maximumDecimals = 6

  /// The amount that `text` says: digits, then perhaps a point and one to six digits.
  ///
  /// Nil for anything else (a sign, an exponent, a blank, no digit before the point) and for what
  /// does not fit `Micros`. Leading zeros are fine.
  public static func parse(_ text: BorrowedBytes) -> Micros? {
    magnitude(text, from: 0).flatMap { Micros(exactly: $0) }
  }

  /// As `parse`, but a minus may come first: changes to a published sum can be negative.
  public static func parseSigned(_ text: BorrowedBytes) -> Micros? {
    guard !text.isEmpty, text[0] == ASCII.minus else { return parse(text) }
    guard let magnitude = magnitude(text, from: 1), magnitude <= Micros.min.magnitude else {
      return nil
    }
    return Micros(truncatingIfNeeded: 0 &- magnitude)
  }

  /// As `parse`, for text that is a `String`.
  public static func parse(_ text: String) -> Micros? { text.withBorrowedBytes { parse($0) } }

  /// As `parseSigned`, for text that is a `String`.
  public static func parseSigned(_ text: String) -> Micros? {
    text.withBorrowedBytes { parseSigned($0) }
  }

  /// Appends `micros` with six decimals: `119.800000`, `-1.500000`.
  public static func append(_ micros: Micros, to output: inout [UInt8]) {
    put(micros, into: &output)
  }

  /// As `append`, to wherever records are written.
  static func put<Sink: ByteSink & ~Copyable>(_ micros: Micros, into output: inout Sink) {
    if micros < 0 { output.put(ASCII.minus) }
    let (units, decimals) = micros.magnitude.quotientAndRemainder(
      dividingBy: microsPerUnit.magnitude)
    output.put(decimal: units)
    output.put(ASCII.point)
    output.put(decimal: decimals, digits: maximumDecimals)
  }

  /// `micros` with six decimals, as `append` writes it.
  public static func format(_ micros: Micros) -> String {
    var output: [UInt8] = []
    append(micros, to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  @inline(__always)
  private static func magnitude(_ text: BorrowedBytes, from start: Int) -> UInt64? {
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
}
