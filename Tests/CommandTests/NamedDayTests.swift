import Reporting
import Testing

@testable import tributary

/// Days that scheduled jobs ask for.
@Suite struct NamedDayTests {
  /// 2026-03-29T23:30:00Z: in Berlin it is the next day already, and the day before had 23 hours.
  private static let now: Int64 = 1_774_827_000_000

  @Test(arguments: [
    ("today", "2026-03-29", "2026-03-30"), ("yesterday", "2026-03-28", "2026-03-29"),
    ("today-0", "2026-03-29", "2026-03-30"), ("today-30", "2026-02-27", "2026-02-28"),
  ])
  func aDayIsTheOneThatClocksOfTheZoneShow(text: String, utc: String, berlin: String) {
    #expect(NamedDay.resolved(text, .utc, now: Self.now) == utc)
    #expect(NamedDay.resolved(text, ZonedCalendar("Europe/Berlin")!, now: Self.now) == berlin)
  }

  @Test(arguments: ["2026-01-05", "tomorrow", "today-", "today-x", "today-123456", ""])
  func anythingElseIsLeftAsItIs(text: String) {
    #expect(NamedDay.resolved(text, .utc, now: Self.now) == text)
  }

  @Test func aReportOfYesterdayIsOneOfThatDay() throws {
    let help = try Program().run("report", "--day", "tomorrow")
    #expect(help.status == 2)
    #expect(help.errors.contains("--day tomorrow is no day such as 2026-01-05 or yesterday."))
    let backfill = try Program().run("backfill", "--from", "yesterday", "--to", "today-2")
    #expect(backfill.status == 2)
    #expect(backfill.errors.contains("--to must be after --from."))
  }
}
