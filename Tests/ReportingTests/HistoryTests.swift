import Attribution
import Codec
import Foundation
import Reporting
import Testing

/// A year of rollups, of which somebody wants a day. `TRIBUTARY_TEST_ROLLUPS` says how many there are.
@Suite("A day of a year")
struct HistoryTests {
  @Test("Other days are neither decoded nor kept, and the report is the same")
  func day() throws {
    let count =
      ProcessInfo.processInfo.environment["TRIBUTARY_TEST_ROLLUPS"].flatMap(Int64.init) ?? 73_000
    let day = CalendarDay("2026-03-29")!
    let calendar = ZonedCalendar("Europe/Berlin")!
    let range = calendar.range(of: day)
    let filter = WindowFilter(range)
    let reader = RollupsRecordReader(definitions: definitions)
    var all = RollupBoard(definitions, partitionCount: 1)
    var some = RollupBoard(definitions, partitionCount: 1)
    var (slow, quick) = (Duration.zero, Duration.zero)
    let first = Time.parse("2026-01-01T00:00:00Z")! / minute
    let step = Double(365 * 1_440) / Double(count / 2)
    for number in 0..<count / 2 {
      let at = first + Int64(Double(number) * step)
      for (view, names) in [
        ("campaign", ["c-\(number % 1_000)"]), ("both|ways", ["c-\(number % 1_000)", "email"]),
      ] {
        var rollup = rollup(names, of: view, minute: at, clicks: 3, isFinal: true)
        rollup.sums.credits = [1_000_000, 1_000_000]
        let (key, value) = (key(rollup.key), value(rollup))
        slow += try ContinuousClock().measure { all.apply(try reader.read(key: key, value: value)) }
        quick += try ContinuousClock().measure {
          if key.withUnsafeBytes(filter.isOutside) { return }
          some.apply(try reader.read(key: key, value: value))
        }
      }
    }
    for time in [range.upperBound] {
      all.apply(.progress(partition: 0, finalThrough: time))
      some.apply(.progress(partition: 0, finalThrough: time))
    }
    let request = ReportRequest(
      days: day...day, calendar: calendar, dimensions: [.campaignID], models: [0, 1])
    let reports = try [all, some].map { try Report($0, definitions, request).json }
    #expect(reports[0] == reports[1])
    #expect(all.count == Int(count / 2 * 2))
    #expect((Int(count) / 370...Int(count) / 360 + 4).contains(some.count + Int(count) / 365 / 24))
    #expect(quick * 4 < slow)
    print("of \(count) rollups a day has \(some.count): all in \(slow), the day in \(quick)")
  }
}
