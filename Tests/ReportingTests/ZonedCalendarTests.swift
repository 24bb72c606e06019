import Attribution
import Codec
import Foundation
import Reporting
import Testing

@Suite("Days and hours of a time zone")
struct ZonedCalendarTests {
  /// Midnights and offsets by Python's zoneinfo, which reads the tz database by itself.
  private static let reference = """
    import datetime, sys, zoneinfo
    zone = zoneinfo.ZoneInfo(sys.argv[1])
    day = datetime.date.fromisoformat(sys.argv[2])
    for _ in range(int(sys.argv[3])):
        instants = []
        for fold in (0, 1):
            local = datetime.datetime.combine(day, datetime.time(), tzinfo=zone).replace(fold=fold)
            instants.append(local.astimezone(datetime.timezone.utc))
        # In a gap both are wrong by its length; clocks then first show the day at the later one's
        # offset. Elsewhere the earlier is the first time that clocks show midnight.
        real = [i for i in instants if i.astimezone(zone).date() == day]
        first = min(real)
        while (first - datetime.timedelta(minutes=1)).astimezone(zone).date() == day:
            first -= datetime.timedelta(minutes=1)
        print(day, int(first.timestamp()) * 1000, int(first.astimezone(zone).utcoffset().total_seconds()) * 1000)
        day += datetime.timedelta(days=1)
    """

  @Test(
    "Every day of two years starts where an independent reference says",
    arguments: [
      "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
      "America/Havana", "Africa/Cairo", "UTC",
    ])
  func days(identifier: String) throws {
    let calendar = try #require(ZonedCalendar(identifier))
    let lines = try python(Self.reference, identifier, "2025-01-01", "730").split(separator: "\n")
    #expect(lines.count == 730)
    var lengths: Set<Milliseconds> = []
    for line in lines {
      let fields = line.split(separator: " ")
      let day = try #require(CalendarDay(String(fields[0])))
      #expect(calendar.start(of: day) == Int64(fields[1]), "\(identifier) \(day)")
      #expect(calendar.offset(at: calendar.start(of: day)) == Int64(fields[2]))
      #expect(calendar.day(of: calendar.start(of: day)) == day)
      let range = calendar.range(of: day)
      #expect(calendar.day(of: range.upperBound - 1) == day)
      lengths.insert((range.upperBound - range.lowerBound) / 60_000)
    }
    let hasSummerTime = identifier != "UTC" && identifier != "Asia/Kathmandu"
    let change: Milliseconds = identifier == "Australia/Lord_Howe" ? 30 : 60
    #expect(
      lengths == (hasSummerTime ? [1_440 - change, 1_440, 1_440 + change] : [1_440]))
  }

  @Test("A day on which clocks change has 23 or 25 hours, each by itself")
  func hours() throws {
    let berlin = try #require(ZonedCalendar("Europe/Berlin"))
    for (text, count) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)] {
      let range = berlin.range(of: try #require(CalendarDay(text)))
      let starts = berlin.hourStarts(in: range)
      #expect(starts.count == count, "\(text)")
      #expect(starts.first == range.lowerBound)
      #expect(zip(starts, starts.dropFirst()).allSatisfy { $1 - $0 == 3_600_000 })
    }
    #expect(
      berlin.hourStarts(in: berlin.range(of: CalendarDay("2026-10-25")!)).prefix(5).map(berlin.text)
        == [
          "00:00:00+02:00", "01:00:00+02:00", "02:00:00+02:00", "02:00:00+01:00", "03:00:00+01:00",
        ]
        .map { "2026-10-25T" + $0 })
  }

  @Test("Hours of a half-hour zone begin on the half hour of UTC")
  func halfHours() throws {
    let kolkata = try #require(ZonedCalendar("Asia/Kolkata"))
    let start = Time.parse("2026-01-05T00:10:00Z")!
    #expect(
      kolkata.hourStarts(in: start..<start + 3_600_000).map(Time.formatSeconds)
        == ["2026-01-04T23:30:00Z", "2026-01-05T00:30:00Z"])
  }

  @Test("A zone or day that does not exist is refused")
  func unknown() {
    #expect(ZonedCalendar("Europe/Atlantis") == nil)
    for text in ["2026-02-29", "2026-1-05", "2026-01-05T", "", "2026-13-01", "20260105"] {
      #expect(CalendarDay(text) == nil, "\(text)")
    }
  }

  @Test("Spans that would begin inside a window are refused")
  func unaligned() throws {
    let hourly = View(name: "hourly", dimensions: [], periodMilliseconds: 3_600_000)
    let kolkata = try #require(ZonedCalendar("Asia/Kolkata"))
    let range = kolkata.range(of: CalendarDay("2026-01-05")!)
    #expect(throws: ReportingError.unaligned(view: "hourly", "Asia/Kolkata")) {
      try TimeUnit.day.starts(in: range, of: hourly, kolkata)
    }
  }

  private func python(_ program: String, _ arguments: String...) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program] + arguments
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: data, as: UTF8.self)
  }
}
