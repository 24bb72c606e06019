import Attribution
import Foundation
import Reporting

/// Days that scheduled jobs ask for: `today`, `yesterday`, `today-7`.
enum NamedDay {
  /// The day as `2026-01-05` where `text` names one by its distance from today; otherwise `text`.
  static func resolved(
    _ text: String, _ calendar: ZonedCalendar,
    now: Milliseconds = Milliseconds(Date().timeIntervalSince1970 * 1_000)
  ) -> String {
    let distance: Int64
    switch text {
    case "today": distance = 0
    case "yesterday": distance = 1
    default:
      guard let match = text.wholeMatch(of: /today-([0-9]{1,5})/),
        let days = Int64(match.output.1)
      else { return text }
      distance = days
    }
    return calendar.day(of: now).advanced(by: -distance).description
  }
}
