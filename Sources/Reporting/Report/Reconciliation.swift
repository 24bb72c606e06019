import Attribution
import Codec

/// Whether a report's credits add up to the conversions that came in.
///
/// Every accepted conversion is credited in full under every model, to touches or to nobody. So the
/// credits under each model sum to one whole number, the same under all of them and in every view
/// that counts conversions where they happened; and so does the revenue.
public struct Reconciliation: Equatable, Sendable {
  /// One model's share of it.
  public struct Share: Equatable, Sendable {
    /// In millionths of a conversion.
    public var attributedCredit: Int64
    public var unattributedCredit: Int64
    public var attributedRevenue: MicrosSum
    public var unattributedRevenue: MicrosSum

    public var credit: Int64 { attributedCredit + unattributedCredit }
    public var revenue: MicrosSum { attributedRevenue + unattributedRevenue }
  }

  /// Parallel to the definitions' models.
  public let shares: [Share]
  /// The views whose totals are compared: the report's own first.
  public let views: [String]
  /// The models whose sums are compared, as indices: all that are credited for the whole range, and those
  /// that were asked for.
  public let models: [Int]
  /// What does not agree, in sentences; empty when everything does.
  public let disagreements: [String]

  /// How many conversions were accepted; nil when the view credits them where the touches happened,
  /// so that a day's credits are not those of its conversions.
  public let conversions: Int64?
  /// Their value, with the same exception.
  public let revenue: MicrosSum?

  init(
    _ board: RollupBoard, _ range: Range<Milliseconds>, closedThrough: Milliseconds, view: View,
    requested: [Int], lines: [Report.Line], total: RollupSums
  ) {
    let models = board.models.indices.filter {
      board.modelStarts[$0] <= range.lowerBound || requested.contains($0)
    }
    self.models = models
    var unattributed = RollupSums(modelCount: board.models.count)
    for line in lines where line.kind == .unattributed { unattributed.add(line.sums) }
    shares = board.models.indices.map { model in
      Share(
        attributedCredit: total.credits[model] - unattributed.credits[model],
        unattributedCredit: unattributed.credits[model],
        attributedRevenue: total.revenues[model] - unattributed.revenues[model],
        unattributedRevenue: unattributed.revenues[model])
    }
    guard view.bucketConversionsBy == .conversion, let reference = models.first else {
      views = [view.name]
      disagreements = []
      conversions = nil
      revenue = nil
      return
    }
    // Others may have windows that straddle what is closed; what they count cannot be compared.
    let others = board.views.filter {
      $0.name != view.name && $0.bucketConversionsBy == .conversion
        // A view that was added later need not have been filled.
        && $0.since ?? .min <= range.lowerBound
        && $0.windowStart(of: range.lowerBound) == range.lowerBound
        && $0.windowStart(of: closedThrough) == closedThrough
    }
    views = [view.name] + others.map(\.name)
    let first = shares[reference]
    conversions = first.credit / Money.microsPerUnit
    revenue = first.revenue

    var found: [String] = []
    if first.credit % Money.microsPerUnit != 0 {
      found.append("the credits sum to \(Money.format(first.credit)) conversions")
    }
    for (name, sums) in [(view.name, total)]
      + others.map({ other in
        (
          other.name,
          board.rows(
            RollupQuery(
              view: other.name, range: range, dimensions: [], closedThrough: closedThrough)
          ).total(modelCount: board.models.count)
        )
      })
    {
      for model in models
      where sums.credits[model] != first.credit || sums.revenues[model] != first.revenue {
        let definition = board.models[model].rawValue
        let start = board.modelStarts[model]
        found.append(
          "\(name) under \(definition) has \(Money.format(sums.credits[model])) conversions "
            + "worth \(Money.format(sums.revenues[model]))"
            + (start <= range.lowerBound
              ? ""
              : " (it is credited from \(Time.formatSeconds(start)) on; "
                + "`tributary backfill --models \(definition)` fills the time before)"))
      }
    }
    disagreements = found
  }
}
