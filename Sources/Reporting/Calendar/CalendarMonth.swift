import Codec

/// A month of the Gregorian calendar, wherever it is.
public struct CalendarMonth: Hashable, Sendable, CustomStringConvertible {
  /// Months since January of the year 0.
  private let number: Int64

  private init(number: Int64) { self.number = number }

  /// The month that `2026-01` names; nil when there is none.
  public init?(_ text: String) {
    guard text.utf8.count == 7, let first = CalendarDay(text + "-01") else { return nil }
    self.init(of: first)
  }

  /// The month that a day belongs to.
  public init(of day: CalendarDay) {
    let date = CivilDate(daysSinceEpoch: day.number)
    number = date.year * 12 + date.month - 1
  }

  /// So many months later; earlier if negative.
  public func advanced(by months: Int64) -> CalendarMonth { CalendarMonth(number: number + months) }

  /// Its first day and its last.
  public var days: ClosedRange<CalendarDay> { firstDay...advanced(by: 1).firstDay.advanced(by: -1) }

  private var firstDay: CalendarDay {
    let year = number >= 0 ? number / 12 : (number - 11) / 12
    let date = CivilDate(year: year, month: number - year * 12 + 1, day: 1)
    return CalendarDay(number: date.daysSinceEpoch)
  }

  public var description: String { String(firstDay.description.prefix(7)) }
}
