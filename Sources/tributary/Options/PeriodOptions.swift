import ArgumentParser
import Attribution
import Codec
import Reporting

/// A stretch of event time on the command line: days of a time zone, or instants.
struct PeriodOptions: ParsableArguments {
  @Option(
    help:
      "The first day, such as 2026-01-05 or today-7, or an instant, such as 2026-01-05T08:00:00Z.")
  var from: String

  @Option(help: "The last day, which belongs to it, or the instant behind the last event.")
  var to: String

  @Option(help: "Time zone of days (IANA name).")
  var timezone = "UTC"

  func validate() throws {
    guard ZonedCalendar(timezone) != nil else {
      throw ValidationError("--timezone \(timezone) is no time zone such as Europe/Berlin.")
    }
    let range = try range
    if range.isEmpty { throw ValidationError("--to must be after --from.") }
  }

  /// In milliseconds; empty when the end is not after the start.
  var range: Range<Milliseconds> {
    get throws {
      let start = try instant(from, "--from") { $0.lowerBound }
      let end = try instant(to, "--to") { $0.upperBound }
      return start..<max(start, end)
    }
  }

  private func instant(
    _ text: String, _ option: String, _ side: (Range<Milliseconds>) -> Milliseconds
  ) throws -> Milliseconds {
    let calendar = ZonedCalendar(timezone)!
    if let day = CalendarDay(NamedDay.resolved(text, calendar)) {
      return side(calendar.range(of: day))
    }
    guard let time = Time.parse(text) else {
      throw ValidationError(
        "\(option) \(text) is neither a day such as 2026-01-05 or yesterday nor an instant such as "
          + "2026-01-05T08:00:00Z.")
    }
    return time
  }
}
