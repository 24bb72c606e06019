import Attribution
import Codec

/// Whether a report's credits add up to the conversions that came in.
///
/// Every accepted conversion is credited in full under every model, to touches or to nobody. So the
/// credits under each model sum to one whole number, the same under all of them and in every view
/// that counts conversions where they happened; and so does the revenue. That holds as well for those with one value
/// of a field that conversions have themselves, and for no other part.
public struct Reconciliation: Equatable, Sendable {
  /// One model's share of it.
  public struct Share: Equatable, Sendable {
    /// In millionths of a conversion.
    public var credit: Int64
    public var revenue: MicrosSum
    /// Of these, what no touch earned; nil where no view tells.
    public var unattributed: Unattributed?

    public struct Unattributed: Equatable, Sendable {
      public var credit: Int64
      public var revenue: MicrosSum
    }

    public var attributedCredit: Int64? { unattributed.map { credit - $0.credit } }
    public var attributedRevenue: MicrosSum? { unattributed.map { revenue - $0.revenue } }
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
  /// so that a day's credits are not those of its conversions, and when only some touches are reported.
  public let conversions: Int64?
  /// Their value, with the same exception.
  public let revenue: MicrosSum?

  init(
    _ board: RollupBoard, _ definitions: Definitions, _ request: ReportRequest,
    _ range: Range<Milliseconds>, closedThrough: Milliseconds, view: View, total: RollupSums
  ) {
    let requested = request.models
    let models = board.models.indices.filter {
      board.modelStarts[$0] <= range.lowerBound || requested.contains($0)
    }
    self.models = models
    func sums(_ view: View, only filter: DimensionFilter? = nil) -> RollupSums {
      board.rows(
        RollupQuery(
          view: view.name, range: range, dimensions: [],
          filters: request.filters + (filter.map { [$0] } ?? []), closedThrough: closedThrough)
      ).total(modelCount: board.models.count)
    }
    let filtered = request.filters.dimensions
    // Touches of some campaigns earn parts of conversions.
    let hasWholeConversions = !filtered.contains(where: definitions.isOfTouches)
    // Others may have windows that straddle what is closed; what they count cannot be compared.
    let others = board.views.filter {
      $0.name != view.name && $0.bucketConversionsBy == .conversion
        // A view that was added later need not have been filled.
        && $0.since ?? .min <= range.lowerBound
        && $0.windowStart(of: range.lowerBound) == range.lowerBound
        && $0.windowStart(of: closedThrough) == closedThrough
        && filtered.allSatisfy($0.dimensions.contains)
    }
    shares = Reconciliation.shares(total, view, others, definitions, request.filters, sums)
    guard view.bucketConversionsBy == .conversion, hasWholeConversions,
      let reference = models.first
    else {
      views = [view.name]
      disagreements = []
      conversions = nil
      revenue = nil
      return
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
      + others.map({ ($0.name, sums($0)) })
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

  /// Each model's sums, and what of them no touch earned: as the view tells by a field of touches, or else another
  /// view that counts the same.
  private static func shares(
    _ total: RollupSums, _ view: View, _ others: [View], _ definitions: Definitions,
    _ filters: [DimensionFilter], _ sums: (View, DimensionFilter?) -> RollupSums
  ) -> [Share] {
    let candidates = view.bucketConversionsBy == .conversion ? [view] + others : [view]
    var unattributed: RollupSums?
    for candidate in candidates where unattributed == nil {
      let dimension = candidate.dimensions.first {
        definitions.isOfTouches($0) && !filters.dimensions.contains($0)
      }
      unattributed = dimension.map { sums(candidate, DimensionFilter($0, is: unattributedName)) }
    }
    return total.credits.indices.map { model in
      Share(
        credit: total.credits[model], revenue: total.revenues[model],
        unattributed: unattributed.map {
          Share.Unattributed(credit: $0.credits[model], revenue: $0.revenues[model])
        })
    }
  }
}
