/// What became of an event.
public enum Outcome: Sendable, Equatable {
  case accepted
  /// Accepted, behind the watermark: corrects the bucket that it belongs to.
  case acceptedLate
  /// Takes the place of another version of the same event.
  case replaced
  /// The same, behind the watermark: it or what it replaces.
  case replacedLate
  /// Its id was seen before, in the same version or a higher one: changes nothing.
  case duplicate
  /// Behind the correction horizon: changes nothing and waits for a backfill.
  case tooLate

  public var isAccepted: Bool { self == .accepted || self == .acceptedLate }
  public var isReplaced: Bool { self == .replaced || self == .replacedLate }
  /// Whether it is remembered, and has changed what is published.
  public var hasCounted: Bool { isAccepted || isReplaced }
  /// Whether it has counted behind the watermark.
  public var isLate: Bool { self == .acceptedLate || self == .replacedLate }
}
