import Attribution
import Codec
internal import Foundation
import SQLite

/// Values of the input's columns. What cannot be read is named with its row and column, and quoted.
enum InputValue {
  /// The instant that a date and a time in two columns make.
  static func time(
    _ date: String?, _ clock: String?, columns: (date: String, clock: String), row: () -> String
  ) throws(JourneyError) -> Milliseconds {
    guard let date, let day = JourneyDay(date) else {
      throw JourneyError(
        "\(row()): \(columns.date) \(shown(date)) is no date such as 2026-01-05")
    }
    guard let clock, let time = milliseconds(clock) else {
      throw JourneyError("\(row()): \(columns.clock) \(shown(clock)) is no time such as 08:30:00")
    }
    return day.number * JourneyDay.milliseconds + time
  }

  /// `08:30`, `08:30:00` or `08:30:00.250`; finer than a millisecond is truncated.
  private static func milliseconds(_ text: String) -> Milliseconds? {
    let bytes = Array(text.utf8)
    let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, (1...2).contains(parts[0].count),
      parts[1].count == 2, let hour = digits(parts[0]), hour < 24,
      let minute = digits(parts[1]), minute < 60
    else { return nil }
    var time = (hour * 60 + minute) * 60_000
    guard parts.count == 3 else { return time }
    let seconds = parts[2].split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard seconds[0].count == 2, let second = digits(seconds[0]), second < 60 else { return nil }
    time += second * 1_000
    guard seconds.count == 2 else { return time }
    guard seconds[1].allSatisfy({ digits([$0]) != nil }), !seconds[1].isEmpty else { return nil }
    let thousandths = Array(seconds[1].prefix(3)) + Array(repeating: UInt8(ascii: "0"), count: 3)
    return time + digits(thousandths[..<3])!
  }

  /// An amount. A REAL stands for its shortest decimal text, so that 59.9 is 59.9 exactly; more than
  /// six decimals are rounded half to even. Null is 0.
  static func money(
    _ statement: SQLiteStatement, _ column: Int32, _ name: String, row: () -> String
  ) throws(JourneyError) -> Micros {
    guard !statement.isNull(column) else { return 0 }
    let text =
      statement.isReal(column) ? "\(statement.real(column))" : statement.string(column) ?? ""
    guard let amount = micros(text) else {
      throw JourneyError("\(row()): \(name) \(shown(text)) is no amount such as 12.50")
    }
    return amount
  }

  /// Exactly what decimal text says, exponents included; nil for anything else and beyond 10¹².
  static func micros(_ text: String) -> Micros? {
    let allowed = Set("0123456789.eE+-".utf8)
    guard !text.isEmpty, text.utf8.count <= 400, text.utf8.allSatisfy(allowed.contains),
      let approximation = Double(text), approximation.magnitude <= 1e12,
      var value = Decimal(string: text, locale: Locale(identifier: "en_US_POSIX"))
    else { return nil }
    value *= 1_000_000
    var rounded = Decimal()
    NSDecimalRound(&rounded, &value, 0, .bankers)
    return Micros("\(rounded)")
  }

  /// 0 or 1; null is 0.
  static func flag(
    _ statement: SQLiteStatement, _ column: Int32, _ name: String, row: () -> String
  ) throws(JourneyError) -> Bool {
    switch statement.string(column) {
    case nil, "0", "0.0": return false
    case "1", "1.0": return true
    case let text: throw JourneyError("\(row()): \(name) \(shown(text)) is neither 0 nor 1")
    }
  }

  private static func shown(_ text: String?) -> String { text.map(ForeignText.quoted) ?? "null" }
}
