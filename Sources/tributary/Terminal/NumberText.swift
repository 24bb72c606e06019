import Attribution

/// Numbers as a person reads them: thousands apart, two decimals. Exact ones are in the records.
enum NumberText {
  /// `1234567` as `1,234,567`.
  static func count(_ value: some BinaryInteger) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// Millionths as `1,234.57`, halves rounded away from zero.
  static func micros(_ value: MicrosSum) -> String {
    let hundredths = (value.magnitude + 5_000) / 10_000
    let decimals = hundredths % 100
    let sign = value < 0 && hundredths > 0 ? "-" : ""
    return "\(sign)\(count(MicrosSum(hundredths / 100))).\(decimals < 10 ? "0" : "")\(decimals)"
  }

  /// A length of time in one or two units: `8.4 s`, `12 min 5 s`, `3 h 10 min`.
  static func duration(_ milliseconds: Milliseconds) -> String {
    let sign = milliseconds < 0 ? "-" : ""
    let length = Int64(milliseconds.magnitude)
    let seconds = length / 1_000
    return switch length {
    case ..<60_000: "\(sign)\(seconds).\(length % 1_000 / 100) s"
    case ..<3_600_000: "\(sign)\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400_000: "\(sign)\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
    default: "\(sign)\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
    }
  }
}
