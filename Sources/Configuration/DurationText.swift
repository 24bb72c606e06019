import Attribution

/// Durations as configuration writes them: a whole number and a unit, as in `500ms`, `90s`, `24h`.
public enum DurationText {
  /// Units from small to large, with their length in milliseconds.
  static let units: [(name: String, length: Milliseconds)] = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
  ]

  /// The longest duration that is accepted, ten years: far above any use, and small enough that
  /// times and durations can be added without overflow.
  public static let longest: Milliseconds = 3_650 * 86_400_000

  /// Why a text is not a duration: one line that says how to write it.
  public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    public var problem: String
    public var advice: String
    public var description: String { problem + "; " + advice }
  }

  /// The duration that `text` stands for.
  public static func parse(_ text: String) throws(Invalid) -> Milliseconds {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text[digits.endIndex...]
    guard !digits.isEmpty, unit.isEmpty || units.contains(where: { $0.name == unit }) else {
      throw Invalid(
        problem: "\(quoted(text)) is not a duration",
        advice: "write a whole number and one of ms, s, m, h, d, as in 500ms, 90s or 24h")
    }
    guard let length = units.first(where: { $0.name == unit })?.length else {
      throw Invalid(
        problem: "\(quoted(text)) has no unit", advice: "add one of ms, s, m, h, d, as in \(text)s")
    }
    guard let count = Milliseconds(digits), count <= longest / length else {
      throw Invalid(
        problem: "\(quoted(text)) is too long", advice: "the longest duration is 3650d")
    }
    return count * length
  }

  /// The shortest usual spelling of `duration`, which `parse` reads back: the largest unit that
  /// divides it, except that one of a unit is written in the next smaller (`60s`, `24h`).
  public static func text(of duration: Milliseconds) -> String {
    guard duration > 0 else { return "0s" }
    for (name, length) in units.reversed() where duration % length == 0 {
      let count = duration / length
      if count > 1 || length <= 1_000 { return "\(count)\(name)" }
    }
    return "\(duration)ms"
  }
}
