/// What becomes of an amount with digits other than zero behind the sixth decimal.
public enum ExcessDecimals: String, CaseIterable, Sendable, Hashable {
  /// The event cannot be used.
  case refuse
  /// Rounded half to even.
  case round
}
