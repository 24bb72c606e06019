/// How an event stands to the watermark (contract, section 3).
public enum Lateness: Sendable {
  case onTime
  /// Behind, within the correction horizon: applied in full.
  case late
  /// Further behind: set aside for a backfill.
  case tooLate
}
