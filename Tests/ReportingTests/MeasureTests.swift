import Attribution
import Reporting
import Testing

@Suite("Measures")
struct MeasureTests {
  private func sums(
    impressions: Int64 = 0, clicks: Int64 = 0, spend: MicrosSum = 0, credit: Int64 = 0,
    revenue: MicrosSum = 0
  ) -> RollupSums {
    var sums = RollupSums(modelCount: 1)
    sums.impressions = impressions
    sums.clicks = clicks
    sums.spend = spend
    sums.credits[0] = credit
    sums.revenues[0] = revenue
    return sums
  }

  @Test("Ratios are exact quotients in millionths, halves away from zero")
  func ratios() {
    let sums = sums(
      impressions: 3, clicks: 2, spend: 5_000_001, credit: 1_500_000, revenue: 89_850_000)
    let values: [Measure: MicrosSum] = [
      .ctr: 666_667, .conversionRate: 750_000, .cpc: 2_500_001, .cpa: 3_333_334,
      .roas: 17_969_996,
    ]
    for (measure, value) in values {
      #expect(measure.value(in: sums, model: 0) == value, "\(measure)")
    }
    #expect(Measure.cpc.value(in: self.sums(clicks: 2, spend: -1), model: 0) == -1)
    #expect(Measure.cpc.value(in: self.sums(clicks: 3, spend: -1), model: 0) == 0)
  }

  @Test("Nothing to divide by is no value, not zero and not infinity")
  func divisionByZero() {
    let spent = sums(spend: 5, credit: 0, revenue: 7)
    #expect(Measure.ctr.value(in: spent, model: 0) == nil)
    #expect(Measure.cpc.value(in: spent, model: 0) == nil)
    #expect(Measure.cpa.value(in: spent, model: 0) == nil)
    #expect(Measure.conversionRate.value(in: spent, model: 0) == nil)
    #expect(Measure.roas.value(in: sums(revenue: 7), model: 0) == nil)
  }

  @Test("The largest amounts neither trap nor go wrong unseen")
  func largest() {
    #expect(
      Measure.cpc.value(in: sums(clicks: 1, spend: .max), model: 0) == .max)
    #expect(Measure.cpa.value(in: sums(spend: .max, credit: 1), model: 0) == nil)
    #expect(Measure.roas.value(in: sums(spend: .max, revenue: .max), model: 0) == nil)
    #expect(Measure.cpc.value(in: sums(clicks: -1, spend: .min), model: 0) == nil)
    // Ten amounts of 10¹² units each way.
    let ten: MicrosSum = 10_000_000_000_000_000_000
    #expect(Measure.roas.value(in: sums(spend: ten, revenue: ten), model: 0) == 1_000_000)
    #expect(
      Measure.cpa.value(in: sums(spend: ten, credit: 3_000_000), model: 0)
        == 3_333_333_333_333_333_333)
    #expect(Measure.spend.text(ten) == "10000000000000.000000")
  }

  @Test("Counts are digits, everything else has six decimals")
  func text() {
    #expect(Measure.clicks.text(12) == "12")
    #expect(Measure.ctr.text(666_667) == "0.666667")
    #expect(Measure.spend.text(-1_500_000) == "-1.500000")
  }
}
