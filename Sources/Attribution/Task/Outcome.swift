/// What became of an event.
public enum Outcome: Sendable, Equatable {
  case accepted
  /// Accepted, behind the watermark: corrects the bucket that it belongs to.
  case acceptedLate
  /// Its id was seen before: changes nothing.
  case duplicate
  /// Behind the correction horizon: changes nothing and waits for a backfill.
  case tooLate

  public var isAccepted: Bool { self == .accepted || self == .acceptedLate }
}
