import Attribution
import Codec
import Foundation

/// A day of the Gregorian calendar, wherever it is.
public struct CalendarDay: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Days since 1970-01-01; negative before it.
  let number: Int64

  init(number: Int64) { self.number = number }

  /// The day that `2026-01-05` names; nil when there is none.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [4, 2, 2],
      parts.allSatisfy({
        $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      }),
      let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2])
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isReal else { return nil }
    number = date.daysSinceEpoch
  }

  public var next: CalendarDay { advanced(by: 1) }

  /// How many days later `other` is; negative if it is earlier.
  public func distance(to other: CalendarDay) -> Int64 { other.number - number }

  /// So many days later; earlier if negative.
  public func advanced(by days: Int64) -> CalendarDay { CalendarDay(number: number + days) }

  public var description: String {
    String(Time.formatSeconds(number * ZonedCalendar.millisecondsPerDay).prefix(10))
  }

  public static func < (left: CalendarDay, right: CalendarDay) -> Bool {
    left.number < right.number
  }
}

/// Days and hours as the clocks of one place show them.
///
/// A day lasts from the first instant at which clocks show its date to the first at which they show
/// the next: 23 or 25 hours where clocks are put forward or back. An hour that clocks show twice is
/// two hours.
public struct ZonedCalendar: Sendable, Equatable {
  /// The zone's name, as in `Europe/Berlin`.
  public let identifier: String
  private let zone: TimeZone

  static let millisecondsPerDay: Milliseconds = 86_400_000
  /// No clock is further from UTC than this; offsets change at most once in the shortest step.
  private static let furthestOffset: Milliseconds = 15 * 3_600_000
  private static let step: Milliseconds = 15 * 60_000

  public static let utc = ZonedCalendar("UTC")!

  /// Nil when the zone is not known.
  public init?(_ identifier: String) {
    guard let zone = TimeZone(identifier: identifier) else { return nil }
    self.identifier = identifier
    self.zone = zone
  }

  /// How far clocks are ahead of UTC at an instant, in milliseconds.
  public func offset(at time: Milliseconds) -> Milliseconds {
    let second = Double(time.flooredQuotient(by: 1_000))
    return Milliseconds(zone.secondsFromGMT(for: Date(timeIntervalSince1970: second))) * 1_000
  }

  /// The date that clocks show at an instant.
  public func day(of time: Milliseconds) -> CalendarDay {
    CalendarDay(number: (time + offset(at: time)).flooredQuotient(by: Self.millisecondsPerDay))
  }

  /// The first instant at which clocks show the day's date, or a later one if they skip it.
  public func start(of day: CalendarDay) -> Milliseconds {
    let midnight = day.number * Self.millisecondsPerDay
    var before = midnight - Self.furthestOffset
    while true {
      let after = before + Self.step
      if after + offset(at: after) >= midnight {
        // Clocks reach midnight in this step: by running, or by being put forward.
        let change = firstChange(in: before..<after) ?? after
        return min(max(midnight - offset(at: before), before), change)
      }
      before = after
    }
  }

  /// The instants that belong to a day.
  public func range(of day: CalendarDay) -> Range<Milliseconds> {
    start(of: day)..<start(of: day.next)
  }

  /// The instants that belong to a day, or to one of those behind it, through a last one.
  public func range(of days: ClosedRange<CalendarDay>) -> Range<Milliseconds> {
    start(of: days.lowerBound)..<start(of: days.upperBound.next)
  }

  /// Where the days that meet a range start, ascending.
  public func dayStarts(in range: Range<Milliseconds>) -> [Milliseconds] {
    var starts: [Milliseconds] = []
    var day = day(of: range.lowerBound)
    while true {
      let start = start(of: day)
      if start >= range.upperBound { return starts }
      // Where clocks skip a whole day, it and the next start together.
      if starts.last != start { starts.append(start) }
      day = day.next
    }
  }

  /// Where the hours that meet a range start, ascending.
  public func hourStarts(in range: Range<Milliseconds>) -> [Milliseconds] {
    let hour: Milliseconds = 3_600_000
    var starts: [Milliseconds] = []
    // From a little before, because not every zone's hours begin with those of UTC.
    var start = (range.lowerBound - hour) / hour * hour - hour
    while start < range.upperBound {
      if let previous = starts.last, previous < range.lowerBound, start <= range.lowerBound {
        starts.removeLast()
      }
      starts.append(start)
      let ahead = offset(at: start)
      let next = ((start + ahead).flooredQuotient(by: hour) + 1) * hour - ahead
      start = firstChange(in: start..<next) ?? next
    }
    return starts
  }

  /// `2026-01-05T13:05:00+01:00`: the instant as clocks show it.
  public func text(_ time: Milliseconds) -> String {
    let ahead = offset(at: time)
    let minutes = ahead.magnitude / 60_000
    let clock = Time.formatSeconds(time + ahead).dropLast()
    guard ahead != 0 else { return clock + "Z" }
    func two(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(clock)\(ahead < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }

  /// The first instant in a range at which the offset is another than at the range's start.
  private func firstChange(in range: Range<Milliseconds>) -> Milliseconds? {
    var low = range.lowerBound
    var high = range.upperBound - 1
    let ahead = offset(at: low)
    guard high > low, offset(at: high) != ahead else { return nil }
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if offset(at: middle) == ahead { low = middle } else { high = middle }
    }
    return high
  }
}

extension Int64 {
  fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
