import Attribution

/// Instants as RFC 3339 text, in UTC, from year 0000 to year 9999.
public enum Time {
  /// 0000-01-01T00:00:00.000Z.
  public static let earliest: Milliseconds = -62_167_219_200_000
  /// 9999-12-31T23:59:59.999Z.
  public static let latest: Milliseconds = 253_402_300_799_999

  static let millisecondsPerDay: Milliseconds = 86_400_000

  /// Appends a time with whole seconds, `2026-01-05T00:05:00Z`; a part of a second is dropped.
  public static func appendSeconds(_ time: Milliseconds, to output: inout [UInt8]) {
    putSeconds(time, into: &output)
  }

  /// Appends a time with milliseconds, `2026-01-05T00:06:40.000Z`.
  public static func appendMilliseconds(_ time: Milliseconds, to output: inout [UInt8]) {
    putMilliseconds(time, into: &output)
  }

  /// The time with whole seconds, as `appendSeconds` writes it.
  public static func formatSeconds(_ time: Milliseconds) -> String {
    var output: [UInt8] = []
    appendSeconds(time, to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  /// The time with milliseconds, as `appendMilliseconds` writes it.
  public static func formatMilliseconds(_ time: Milliseconds) -> String {
    var output: [UInt8] = []
    appendMilliseconds(time, to: &output)
    return String(decoding: output, as: UTF8.self)
  }
}

// MARK: - Writing

extension Time {
  /// As `appendSeconds`, to wherever records are written.
  static func putSeconds<Sink: ByteSink & ~Copyable>(
    _ time: Milliseconds, into output: inout Sink
  ) {
    putDateAndClock(time, into: &output)
    output.put(UInt8(ascii: "Z"))
  }

  /// As `appendMilliseconds`, to wherever records are written.
  static func putMilliseconds<Sink: ByteSink & ~Copyable>(
    _ time: Milliseconds, into output: inout Sink
  ) {
    let clock = putDateAndClock(time, into: &output)
    output.put(ASCII.point)
    output.put(decimal: (clock % 1_000).magnitude, digits: 3)
    output.put(UInt8(ascii: "Z"))
  }

  /// Writes `2026-01-05T00:05:00` and returns the milliseconds since midnight.
  ///
  /// RFC 3339 has no years beyond 0000 to 9999. They are written all the same, with a minus or a
  /// fifth digit, because the last window of year 9999 ends outside.
  @discardableResult
  private static func putDateAndClock<Sink: ByteSink & ~Copyable>(
    _ time: Milliseconds, into output: inout Sink
  ) -> Milliseconds {
    let (quotient, remainder) = time.quotientAndRemainder(dividingBy: millisecondsPerDay)
    let date = CivilDate(daysSinceEpoch: remainder < 0 ? quotient - 1 : quotient)
    let clock = remainder < 0 ? remainder + millisecondsPerDay : remainder
    if date.year < 0 { output.put(ASCII.minus) }
    output.put(decimal: date.year.magnitude, digits: 4)
    output.put(ASCII.minus)
    output.put(decimal: date.month.magnitude, digits: 2)
    output.put(ASCII.minus)
    output.put(decimal: date.day.magnitude, digits: 2)
    output.put(UInt8(ascii: "T"))
    output.put(decimal: (clock / 3_600_000).magnitude, digits: 2)
    output.put(ASCII.colon)
    output.put(decimal: (clock / 60_000 % 60).magnitude, digits: 2)
    output.put(ASCII.colon)
    output.put(decimal: (clock / 1_000 % 60).magnitude, digits: 2)
    return clock
  }
}
