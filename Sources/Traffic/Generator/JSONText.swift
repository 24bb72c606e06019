import Attribution

/// Pieces of JSON text, written byte by byte.
enum JSONText {
  /// A JSON string. With `escapesAll`, everything outside ASCII and `/` is escaped as well.
  static func quoted(_ text: String, escapesAll: Bool) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": bytes += [UInt8(ascii: "\\"), UInt8(ascii: scalar)]
      case "/" where escapesAll: bytes += Array("\\/".utf8)
      case _ where scalar.value < 0x20 || (escapesAll && !scalar.isASCII):
        for unit in String(scalar).utf16 {
          bytes += Array("\\u".utf8)
          appendHex(UInt64(unit), digits: 4, to: &bytes)
        }
      default: bytes += Array(String(scalar).utf8)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    return bytes
  }

  /// The `digits` lowest hexadecimal digits, highest first.
  static func appendHex(_ value: UInt64, digits: Int, to bytes: inout [UInt8]) {
    var shift = UInt64(digits * 4)
    while shift > 0 {
      shift -= 4
      let digit = UInt8(truncatingIfNeeded: value >> shift) & 0xF
      bytes.append(digit < 10 ? 48 + digit : 87 + digit)
    }
  }

  static func appendDecimal(_ value: Int64, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let magnitude = value.magnitude
    var digits = 1
    var power: UInt64 = 10
    while digits < 19, power <= magnitude {
      digits += 1
      power *= 10
    }
    appendPadded(magnitude, digits: digits, to: &bytes)
  }

  /// Exactly `digits` decimal digits.
  static func appendPadded(_ value: UInt64, digits: Int, to bytes: inout [UInt8]) {
    let end = bytes.count + digits
    var rest = value
    for _ in 0..<digits { bytes.append(48) }
    var position = end
    for _ in 0..<digits {
      position -= 1
      bytes[position] = 48 + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }

  /// An amount with at least `leastDecimals` decimals, and as many as it needs.
  static func appendMoney(_ amount: Micros, leastDecimals: Int, to bytes: inout [UInt8]) {
    appendDecimal(amount / 1_000_000, to: &bytes)
    var fraction = UInt64(amount % 1_000_000)
    var decimals = 6
    while decimals > leastDecimals, fraction % 10 == 0 {
      fraction /= 10
      decimals -= 1
    }
    guard decimals > 0 else { return }
    bytes.append(UInt8(ascii: "."))
    appendPadded(fraction, digits: decimals, to: &bytes)
  }

  /// RFC 3339 with `decimals` (0, 3 or 6) decimals of a second; `offsetMinutes` is 0 for `Z`.
  ///
  /// The calendar arithmetic is Howard Hinnant's `civil_from_days`.
  static func appendTime(
    _ time: Milliseconds, decimals: Int, offsetMinutes: Int64, to bytes: inout [UInt8]
  ) {
    let local = time + offsetMinutes * 60_000
    let day = local >= 0 ? local / 86_400_000 : (local - 86_399_999) / 86_400_000
    let timeOfDay = UInt64(local - day * 86_400_000)
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

    appendPadded(UInt64(max(year, 0)), digits: 4, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    appendPadded(UInt64(month), digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    appendPadded(UInt64(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1), digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: "T"))
    appendPadded(timeOfDay / 3_600_000, digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendPadded(timeOfDay / 60_000 % 60, digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendPadded(timeOfDay / 1_000 % 60, digits: 2, to: &bytes)
    if decimals > 0 {
      bytes.append(UInt8(ascii: "."))
      appendPadded(timeOfDay % 1_000, digits: 3, to: &bytes)
      // Finer digits that a reader must truncate, not round.
      if decimals > 3 { appendPadded(999, digits: 3, to: &bytes) }
    }
    guard offsetMinutes != 0 else { return bytes.append(UInt8(ascii: "Z")) }
    bytes.append(offsetMinutes < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    appendPadded(offsetMinutes.magnitude / 60, digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendPadded(offsetMinutes.magnitude % 60, digits: 2, to: &bytes)
  }
}
