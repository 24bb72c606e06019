import Attribution
import Codec
import Configuration
import Foundation

/// Reads times as an entry of `inputs` says that they are written.
struct MappedTime {
  private enum Form {
    case unit(TimeUnit)
    case pattern(TimePattern, LocalClock)
  }

  private let form: Form
  /// How times should be written: `of the form "%d.%m.%Y"`.
  let description: String

  /// Throws `FileError` for a pattern or a time zone that means nothing.
  init(_ form: TimeForm) throws(FileError) {
    switch form {
    case .unit(let unit):
      self.form = .unit(unit)
      description = "in \(unit.rawValue)"
    case .pattern(let text, let timezone):
      description = "of the form \"\(text)\""
      guard let clock = LocalClock(timezone) else {
        throw FileError("inputs: there is no time zone \(timezone)")
      }
      do throws(TimePattern.Fault) {
        self.form = .pattern(try TimePattern(text), clock)
      } catch {
        throw FileError("inputs: format \"\(text)\" \(error.problem); \(error.advice)")
      }
    }
  }

  /// The instant that a text says; nil when it says none. What is finer than a millisecond is dropped.
  func read(_ text: BorrowedBytes) -> Milliseconds? {
    let time: Milliseconds?
    switch form {
    case .unit(let unit): time = Time.parse(number: text, digits: unit.digits)
    case .pattern(let pattern, let clock):
      time = pattern.read(text).map { reading in
        reading.offset.map { reading.local - $0 } ?? clock.instant(reading.local)
      }
    }
    guard let time, (Time.earliest...Time.latest).contains(time) else { return nil }
    return time
  }
}

extension TimeUnit {
  /// The decimals of a second in this unit.
  fileprivate var digits: Int {
    switch self {
    case .seconds: 0
    case .milliseconds: 3
    case .microseconds: 6
    case .nanoseconds: 9
    }
  }
}

/// What the clocks of one place show, as instants.
///
/// A time that clocks show twice is the first of the two; one that they skip is read by the clock before
/// the change.
final class LocalClock {
  private let zone: TimeZone
  private let isUTC: Bool
  /// Offsets change at whole quarters of an hour.
  private static let step: Milliseconds = 900_000
  /// No clock is further from UTC, nor are two changes nearer to one another.
  private static let reach: Milliseconds = 86_400_000
  private var knownStep = Milliseconds.min
  private var knownOffset: Milliseconds = 0

  /// Nil when the zone is not known.
  init?(_ identifier: String) {
    guard let zone = TimeZone(identifier: identifier) else { return nil }
    self.zone = zone
    isUTC = ["UTC", "GMT", "Etc/UTC"].contains(identifier)
  }

  /// - Parameter local: milliseconds from 1970-01-01T00:00 on these clocks.
  func instant(_ local: Milliseconds) -> Milliseconds {
    if isUTC { return local }
    let step = local >= 0 ? local / Self.step : -1 - (-1 - local) / Self.step
    if step != knownStep {
      knownOffset = offset(ofLocal: local)
      knownStep = step
    }
    return local - knownOffset
  }

  private func offset(ofLocal local: Milliseconds) -> Milliseconds {
    let before = offset(at: local - Self.reach)
    if offset(at: local - before) == before { return before }
    let after = offset(at: local + Self.reach)
    return offset(at: local - after) == after ? after : before
  }

  private func offset(at time: Milliseconds) -> Milliseconds {
    let date = Date(timeIntervalSince1970: Double(time) / 1_000)
    return Milliseconds(zone.secondsFromGMT(for: date)) * 1_000
  }
}
