import Attribution
import Configuration
import History
import Inputs

/// Recomputes from the input topics what should have been published, by brute force, and compares.
///
/// Shares no code with the engine's joins, windows or sums: records are decoded by the codec, and all
/// else is the oracle's. Give it the published topics first, whole and in partition order, then the
/// processed records of each input, partition after partition; then ask for the report.
///
/// Time and memory are the oracle's: about 160 bytes per event, and a few per published key.
public struct VerificationPass {
  /// An input topic, and how its records become events.
  public struct Input: Sendable {
    public var plan: InputPlan
    /// Whether it has a task of its own per partition.
    public var isCosts: Bool
    /// How its producers choose partitions, and among how many.
    public var partitioner: InputPartitioner
    public var partitionCount: Int32

    public init(
      _ plan: InputPlan, partitioner: InputPartitioner = .unchecked, partitionCount: Int32 = 1
    ) {
      self.plan = plan
      isCosts = plan.kinds == [.cost]
      self.partitioner = partitioner
      self.partitionCount = partitionCount
    }
  }

  /// The names of the published topics.
  public struct Outputs: Sendable {
    public var rollups: String
    public var attributions: String
    public var deadLetters: String
    public var lateEvents: String
    /// The deduped stream; nil where there is none.
    public var accepted: String?

    public init(
      rollups: String, attributions: String, deadLetters: String, lateEvents: String,
      accepted: String? = nil
    ) {
      self.accepted = accepted
      self.rollups = rollups
      self.attributions = attributions
      self.deadLetters = deadLetters
      self.lateEvents = lateEvents
    }
  }

  private let definitions: Definitions
  private var inputs: [RecomputedInput]
  private var rollups: PublishedRollups
  private var attributions: PublishedAttributions
  private var deadLetters: SetAsideRecords
  private var lateEvents: SetAsideRecords
  private var accepted: AcceptedStream?
  private var backfills = BackfillLedger()
  private var oracle: Oracle
  private var differences: ComparisonResult
  private let limit: Int

  /// - Parameter limit: how many differences to list; all are counted.
  public init(definitions: Definitions, inputs: [Input], outputs: Outputs, limit: Int = 20) {
    self.definitions = definitions
    self.limit = limit
    self.inputs = inputs.enumerated().map {
      RecomputedInput($1, number: $0, among: inputs, definitions: definitions)
    }
    rollups = PublishedRollups(topic: outputs.rollups, definitions: definitions)
    attributions = PublishedAttributions(topic: outputs.attributions, definitions: definitions)
    let topics = inputs.map(\.plan.topic)
    deadLetters = SetAsideRecords(topic: outputs.deadLetters, inputTopics: topics)
    lateEvents = SetAsideRecords(topic: outputs.lateEvents, inputTopics: topics)
    accepted = outputs.accepted.map { AcceptedStream(topic: $0, definitions: definitions) }
    oracle = Oracle(definitions: definitions)
    differences = ComparisonResult(limit: limit)
  }

  // MARK: What was published

  public mutating func take(rollup record: LoggedRecord) {
    rollups.take(record, into: &differences)
  }

  public mutating func take(attribution record: LoggedRecord) {
    attributions.take(record, into: &differences)
  }

  public mutating func take(deadLetter record: LoggedRecord) {
    deadLetters.take(record, into: &differences)
  }

  public mutating func take(lateEvent record: LoggedRecord) {
    lateEvents.take(record, into: &differences)
  }

  /// Takes a record of the deduped stream.
  public mutating func take(accepted record: LoggedRecord) {
    accepted?.take(record, into: &differences)
  }

  /// Takes what backfills have done, before any input's record.
  public mutating func take(backfills: BackfillLedger) { self.backfills = backfills }

  // MARK: What came in

  /// Takes a processed record of an input, partition after partition, each in order.
  ///
  /// - Parameter input: its index among the inputs.
  public mutating func take(_ record: LoggedRecord, ofInput input: Int) throws {
    try inputs[input].take(
      record, &oracle, &deadLetters, &lateEvents, &accepted, backfills, &differences)
  }

  /// Says that the processor has left out records that should be processed by now.
  public mutating func note(unprocessed count: Int, of partition: String) {
    differences.expect(Int64(count), toBe: 0, "records not processed", of: partition)
  }

  // MARK: The verdict

  /// Compares, and says what was found. Call once, when every record is taken.
  public mutating func finish() -> VerificationReport {
    var report = VerificationReport()
    deadLetters.reportUnmatched(into: &differences)
    lateEvents.reportUnmatched(into: &differences)
    expectEarliestTooLate()
    report.accepted = accepted?.finish(into: &differences)
    report.inputs = inputs.map { input in (input.topic, conservedTally(of: input)) }
    rollups.reportOpenWindows(into: &differences)
    report.creditsAreExact = attributions.expectExactShares(into: &differences)
    report.revenueIsExact = expectAllRevenue()
    report.conversionValue = oracle.totalValue

    let rollupResult = compare(
      rollups: rollups.latest.mapValues(\.sums), with: oracle, limit: limit)
    differences.append(rollupResult)
    report.rollups = rollups.latest.count
    report.finalRollups = rollups.latest.values.count { $0.isFinal }
    let attributionResult = compare(
      attributions: attributions.latest, with: oracle, limit: limit)
    differences.append(attributionResult)
    report.attributions = attributions.latest.count
    report.refusedByClock = inputs.reduce(0) { $0 + $1.refusedByClock }
    report.differences = differences
    report.notes = notes
    return report
  }

  /// Clicks, impressions and conversions of one partition number share a task, and its watermark.
  private mutating func expectEarliestTooLate() {
    let keyed = inputs.filter { !$0.isCosts }
    let largest = keyed.reduce(into: [:]) { $0.merge($1.largest, uniquingKeysWith: max) }
    for input in inputs {
      input.expectEarliestTooLate(
        behind: input.isCosts ? input.largest : largest, into: &differences)
    }
  }

  /// Records in = filtered + accepted + replaced + duplicate + dead letter + too late.
  private mutating func conservedTally(of input: RecomputedInput) -> RecordTally {
    var tally = input.tally
    tally.deadLetters = deadLetters.counts[input.number]
    tally.tooLate = lateEvents.counts[input.number] - input.backfilled
    differences.expect(
      Int64(
        tally.filtered + tally.accepted + tally.replaced + tally.duplicates + tally.deadLetters
          + tally.tooLate),
      toBe: Int64(tally.records),
      "filtered + accepted + replaced + duplicate + dead letter + too late",
      of: input.topic)
    return tally
  }

  /// Over all dimensions, the unattributed one included, every view and model holds all conversions
  /// and their whole value.
  private mutating func expectAllRevenue() -> Bool {
    let before = differences.total
    let count = Int128(oracle.conversionCount) * 1_000_000
    let value = oracle.totalValue
    // A view or model that was added later has only what backfills have filled.
    for view in definitions.views where view.since == nil {
      let rollups = rollups.latest.filter { $0.key.view.utf8.elementsEqual(view.name.utf8) }
      for (row, model) in definitions.models.enumerated()
      where definitions.modelsSince[model] == nil {
        let credits = rollups.reduce(Int128(0)) { $0 + Int128($1.value.sums.credits[row]) }
        let revenue = rollups.reduce(Int128(0)) { $0 + Int128($1.value.sums.revenues[row]) }
        differences.expect(
          "\(credits)", toBe: "\(count)", "all conversions by \(model.rawValue) (millionths)",
          of: "view \(view.name)")
        differences.expect(
          "\(revenue)", toBe: "\(value)", "all revenue by \(model.rawValue) (micros)",
          of: "view \(view.name)")
      }
    }
    return differences.total == before
  }

  private var notes: [String] {
    var notes: [String] = []
    if let accepted, accepted.missing > 0 {
      notes.append(
        "\(accepted.missing) events that counted are not in \(accepted.topic): it was configured later, or "
          + "its retention has deleted them")
    }
    if rollups.recordsOfOtherViews > 0 {
      notes.append(
        "\(rollups.recordsOfOtherViews) records of views that the configuration does not have "
          + "were left out")
    }
    for input in inputs where input.refusedByClock > 0 {
      notes.append(
        "\(input.refusedByClock) records of \(input.topic) are dead letters by the processor's clock "
          + "(future_event); a replay may accept them")
    }
    for input in inputs where input.schemasUnknown > 0 {
      notes.append(
        "\(input.schemasUnknown) records of \(input.topic) are dead letters because the registry did not know "
          + "their schema; a replay may accept them")
    }
    for input in inputs where input.tally.records > 0 && input.tally.filtered == input.tally.records
    {
      notes.append(
        "all records of \(input.topic) are nobody's by `where`; `tributary inputs check` shows some"
      )
    }
    for input in inputs where input.misplaced > 0 {
      notes.append(
        "\(input.misplaced) of \(input.tally.accepted) accepted records of \(input.topic) lie in another "
          + "partition than their user_id belongs to: events of a user that lie in different partitions do "
          + "not meet; key every input by user_id with the partitioner that `partitioner` names, or "
          + "re-key the topic")
    }
    for input in inputs where input.strayKeys > 0 {
      notes.append(
        "\(input.strayKeys) accepted records of \(input.topic) are not keyed by their user_id; "
          + "events of one user meet only in one partition")
    }
    return notes
  }
}
