/// Where a conversion's credit counts: in the bucket of its own time, or of the credited touch's.
public enum ConversionBucket: String, CaseIterable, Sendable, Hashable {
  case conversion
  case touch
}
