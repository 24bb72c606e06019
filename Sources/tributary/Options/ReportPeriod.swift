import ArgumentParser
import Attribution
import Reporting

/// Whole days of a time zone on the command line: one, a range, or a month.
struct ReportPeriod: ParsableArguments {
  @Option(help: "One day, such as 2026-01-05, yesterday or today-7.")
  var day: String?

  @Option(help: "First day of a range; with --to.")
  var from: String?

  @Option(help: "Last day of the range, which belongs to it.")
  var to: String?

  @Option(help: "A month, such as 2026-01, this or last.")
  var month: String?

  @Option(help: "Time zone of days (IANA name).")
  var timezone = "UTC"

  func validate() throws {
    guard ZonedCalendar(timezone) != nil else {
      throw ValidationError("--timezone \(timezone) is no time zone such as Europe/Berlin.")
    }
    guard [day != nil, from != nil || to != nil, month != nil].count(where: { $0 }) == 1 else {
      throw ValidationError("Say which days: --day, or --from and --to, or --month.")
    }
    _ = try days
  }

  var calendar: ZonedCalendar { ZonedCalendar(timezone)! }

  /// The first day and the last.
  var days: ClosedRange<CalendarDay> {
    get throws {
      if let month { return try parsed(month: month).days }
      if let day {
        let day = try parsed(day, "--day")
        return day...day
      }
      guard let from, let to else {
        throw ValidationError("--from and --to belong together; for one day there is --day.")
      }
      let (first, last) = (try parsed(from, "--from"), try parsed(to, "--to"))
      guard first <= last else { throw ValidationError("--to must not be before --from.") }
      return first...last
    }
  }

  /// As many days before; of a month, the month before.
  var previousDays: ClosedRange<CalendarDay> {
    get throws {
      if let month { return try parsed(month: month).advanced(by: -1).days }
      let days = try days
      let count = days.lowerBound.distance(to: days.upperBound) + 1
      return days.lowerBound.advanced(by: -count)...days.lowerBound.advanced(by: -1)
    }
  }

  private func parsed(_ text: String, _ option: String) throws -> CalendarDay {
    guard let day = CalendarDay(NamedDay.resolved(text, calendar)) else {
      throw ValidationError("\(option) \(text) is no day such as 2026-01-05 or yesterday.")
    }
    return day
  }

  private func parsed(month text: String) throws -> CalendarMonth {
    let today = CalendarDay(NamedDay.resolved("today", calendar))
    switch (text, today) {
    case ("this", let today?): return CalendarMonth(of: today)
    case ("last", let today?): return CalendarMonth(of: today).advanced(by: -1)
    default: break
    }
    guard let month = CalendarMonth(text) else {
      throw ValidationError("--month \(text) is no month such as 2026-01, this or last.")
    }
    return month
  }
}
