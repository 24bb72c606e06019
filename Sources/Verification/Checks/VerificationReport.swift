import Attribution

/// What `verify` found.
public struct VerificationReport: Sendable {
  /// What became of the records of each input, in the order of the inputs.
  public var inputs: [(topic: String, tally: RecordTally)] = []
  /// What became of the records of each topic that is re-keyed.
  public var rekeyed: [(topic: String, tally: RekeyingTally)] = []
  /// Published rollups.
  public var rollups = 0
  /// Published rollups that are final.
  public var finalRollups = 0
  /// Published attributions.
  public var attributions = 0
  /// Records of the deduped stream, and events that counted and are not in it; nil where there is none.
  public var accepted: (records: Int, missing: Int)?
  /// Records that the processor refused by its own clock, and that may be accepted by a replay.
  public var refusedByClock = 0
  /// Whether each conversion's published shares sum to one, and to its value, under every model.
  public var creditsAreExact = false
  /// Whether the rollups of every view hold all conversions and their whole value, by every model.
  public var revenueIsExact = false
  /// The value of all conversions that count, in micros.
  public var conversionValue: Int128 = 0
  public var differences = ComparisonResult(limit: 0)
  /// What is no difference but worth knowing.
  public var notes: [String] = []

  public init() {}
}

extension ComparisonResult {
  /// Adds what another comparison found, as far as the limit goes.
  mutating func append(_ other: ComparisonResult) {
    discrepancies += other.discrepancies.prefix(max(0, limit - discrepancies.count))
    total += other.total
    compared += other.compared
  }
}
