import Attribution
import Codec

/// A number of a rollup, or one that follows from such numbers.
///
/// A ratio is the exact quotient in millionths, rounded half away from zero, by integer arithmetic
/// only; one with nothing to divide by has no value: it is neither zero nor infinite.
public enum Measure: String, CaseIterable, Sendable, Hashable {
  case impressions, clicks, users, sessions, conversions, revenue, spend
  /// Click-through rate: clicks per impression.
  case ctr
  /// Conversions per click.
  case conversionRate = "conversion_rate"
  /// Cost per click.
  case cpc
  /// Cost per acquisition, also cost per order: spend per conversion.
  case cpa
  /// Return on ad spend: revenue per unit of spend.
  case roas

  /// What one of the measure is counted in.
  public enum Unit: Sendable {
    /// Whole things.
    case count
    /// Millionths: of a conversion, of the currency, or of a ratio.
    case micros
  }

  public var unit: Unit {
    switch self {
    case .impressions, .clicks, .users, .sessions: .count
    default: .micros
    }
  }

  /// Whether sums over several rollups mean what the measure says; distinct counts do not add up.
  public var addsUp: Bool { self != .users && self != .sessions }

  /// Whether the measure is different under each attribution model.
  public var dependsOnModel: Bool {
    switch self {
    case .conversions, .revenue, .conversionRate, .cpa, .roas: true
    default: false
    }
  }

  /// The measure's value in `sums`; nil for a ratio whose divisor is zero.
  ///
  /// - Parameter model: the model's index among those of the definitions; matters where
  ///   `dependsOnModel`.
  public func value(in sums: RollupSums, model: Int) -> MicrosSum? {
    let micros = MicrosSum(Money.microsPerUnit)
    let credit = MicrosSum(sums.credits[model])
    let (impressions, clicks) = (MicrosSum(sums.impressions), MicrosSum(sums.clicks))
    return switch self {
    case .impressions: impressions
    case .clicks: clicks
    case .users: MicrosSum(sums.users)
    case .sessions: MicrosSum(sums.sessions)
    case .conversions: credit
    case .revenue: sums.revenues[model]
    case .spend: sums.spend
    case .ctr: Self.quotient(clicks, impressions, scale: micros)
    case .conversionRate: Self.quotient(credit, clicks, scale: 1)
    case .cpc: Self.quotient(sums.spend, clicks, scale: 1)
    case .cpa: Self.quotient(sums.spend, credit, scale: micros)
    case .roas: Self.quotient(sums.revenues[model], sums.spend, scale: micros)
    }
  }

  /// `value` as it is written everywhere: digits for counts, six decimals for the rest.
  public func text(_ value: MicrosSum) -> String {
    unit == .count ? "\(value)" : Money.format(value)
  }

  /// `numerator` × `scale` / `denominator`, rounded half away from zero; nil when the denominator is
  /// zero or the quotient does not fit.
  static func quotient(
    _ numerator: MicrosSum, _ denominator: MicrosSum, scale: MicrosSum
  ) -> MicrosSum? {
    guard denominator != 0 else { return nil }
    let (product, isBeyond) = numerator.multipliedReportingOverflow(by: scale)
    guard !isBeyond, denominator != -1 || product != .min else { return nil }
    let (whole, rest) = product.quotientAndRemainder(dividingBy: denominator)
    let isUp = rest.magnitude >= denominator.magnitude - rest.magnitude
    return isUp ? whole + ((product < 0) == (denominator < 0) ? 1 : -1) : whole
  }
}
