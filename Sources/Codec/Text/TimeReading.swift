import Attribution

/// How the times of a field are read, compiled.
package enum TimeReading: Sendable {
  /// A number of which a second has 10 to the power of `digits`.
  case unit(digits: Int)
  case pattern(TimePattern, ZoneOffsets)

  /// The instant that a text says; nil when it says none.
  package func time(_ text: BorrowedBytes) -> Milliseconds? {
    switch self {
    case .unit(let digits): return Time.parse(number: text, digits: digits)
    case .pattern(let pattern, let zone):
      guard let reading = pattern.read(text) else { return nil }
      guard let offset = reading.offset else { return zone.instant(ofLocal: reading.local) }
      return reading.local - offset
    }
  }
}
