import Attribution

extension Time {
  /// The instant that an RFC 3339 `date-time` names; nil when it is none.
  ///
  /// `T` and `Z` in either case, a blank for `T`, any number of decimals (finer than a millisecond is
  /// dropped), offsets up to 23:59, also without the colon or the minutes, dates that exist. Second 60 is allowed in the
  /// last minute of a day of UTC and counts as the second after it. An instant that falls outside
  /// of years 0000 to 9999 of UTC is nil as well.
  public static func parse(_ text: BorrowedBytes) -> Milliseconds? {
    if let time = parseUsualForm(text) { return time }
    guard text.count >= 20,
      text[4] == ASCII.minus, text[7] == ASCII.minus, isBetweenDateAndTime(text[10]),
      text[13] == ASCII.colon, text[16] == ASCII.colon,
      let century = pair(text, at: 0), let yearOfCentury = pair(text, at: 2),
      let month = pair(text, at: 5), let day = pair(text, at: 8),
      let hour = pair(text, at: 11), hour < 24,
      let minute = pair(text, at: 14), minute < 60,
      let second = pair(text, at: 17), second <= 60
    else { return nil }

    let date = CivilDate(year: century * 100 + yearOfCentury, month: month, day: day)
    guard date.isReal else { return nil }

    var index = 19
    var milliseconds: Milliseconds = 0
    if text[index] == ASCII.point {
      guard let fraction = fraction(text, at: &index) else { return nil }
      milliseconds = fraction
    }
    guard let offset = offsetInMinutes(text, at: index) else { return nil }

    let minutes = date.daysSinceEpoch * 1_440 + hour * 60 + minute - offset
    if second == 60 {
      guard (minutes + 1) % 1_440 == 0 else { return nil }
    }
    let time = (minutes * 60 + second) * 1_000 + milliseconds
    return (earliest...latest).contains(time) ? time : nil
  }

  /// The instant of a text like `2026-01-05T00:06:40.000Z`, without a loop; nil for everything else, valid
  /// or not.
  @inline(__always)
  private static func parseUsualForm(_ text: BorrowedBytes) -> Milliseconds? {
    guard text.count == 24,
      let month = DigitPairs(text.start, like: "0000-00-"),
      let minute = DigitPairs(text.start + 8, like: "00T00:00"),
      let rest = DigitPairs(text.start + 16, like: ":00.000Z"),
      minute[3] < 24, minute[6] < 60, rest[1] < 60
    else { return nil }
    let date = CivilDate(year: month[0] * 100 + month[2], month: month[5], day: minute[0])
    guard date.isReal else { return nil }
    let minutes = date.daysSinceEpoch * 1_440 + minute[3] * 60 + minute[6]
    let lastDigit = Milliseconds(text[22] &- ASCII.zero)
    return (minutes * 60 + rest[1]) * 1_000 + rest[4] * 10 + lastDigit
  }

  /// As `parse`, for text that is a `String`.
  public static func parse(_ text: String) -> Milliseconds? {
    text.withBorrowedBytes { parse($0) }
  }

  /// A JSON integer of milliseconds since the epoch; nil when it has a fraction or an exponent, or
  /// falls outside of years 0000 to 9999. Takes the text of a well-formed JSON number.
  static func parseInteger(_ number: BorrowedBytes) -> Milliseconds? {
    guard let time = Int64(decimal: number) else { return nil }
    return (earliest...latest).contains(time) ? time : nil
  }

  /// The number that two digits make.
  @inline(__always)
  private static func pair(_ text: BorrowedBytes, at index: Int) -> Int64? {
    let tens = text[index] &- ASCII.zero
    let ones = text[index + 1] &- ASCII.zero
    guard tens < 10, ones < 10 else { return nil }
    return Int64(tens &* 10 &+ ones)
  }

  /// The whole milliseconds of a point and digits; moves `index` behind them.
  @inline(__always)
  private static func fraction(_ text: BorrowedBytes, at index: inout Int) -> Milliseconds? {
    let first = index + 1
    var milliseconds: Milliseconds = 0
    var weight: Milliseconds = 100
    index = first
    while index < text.count, ASCII.isDigit(text[index]) {
      milliseconds += Milliseconds(text[index] &- ASCII.zero) * weight
      weight /= 10
      index += 1
    }
    return index > first ? milliseconds : nil
  }

  private static func isBetweenDateAndTime(_ byte: UInt8) -> Bool {
    byte | 0x20 == UInt8(ascii: "t") || byte == UInt8(ascii: " ")
  }

  /// `Z`, or an offset such as `+01:00`, `+0100` or `+01`, that reaches to the end of the text.
  @inline(__always)
  private static func offsetInMinutes(_ text: BorrowedBytes, at index: Int) -> Int64? {
    if index + 1 == text.count { return text[index] | 0x20 == UInt8(ascii: "z") ? 0 : nil }
    let count = text.count - index
    guard count == 3 || count == 5 || (count == 6 && text[index + 3] == ASCII.colon),
      let hours = pair(text, at: index + 1), hours < 24,
      let minutes = count == 3 ? 0 : pair(text, at: text.count - 2), minutes < 60
    else { return nil }
    switch text[index] {
    case ASCII.plus: return hours * 60 + minutes
    case ASCII.minus: return -(hours * 60 + minutes)
    default: return nil
    }
  }
}
