import Attribution
import Testing
import Verification

@Suite struct Comparisons {
  let truth = oracle([
    click("k-1", at: 0, by: "secret", campaign: "c-1"),
    click("k-2", at: minutes(10), by: "secret", campaign: "c-2"),
    conversion("v-1", at: minutes(11), by: "secret", value: 59_900_000),
    conversion("v-2", at: minutes(50), by: "secret", value: 3),
  ]) { $0.models = [.linear, .timeDecay] }

  @Test func whatTheOracleSaysAgreesWithIt() {
    #expect(compare(rollups: truth.rollups(), with: truth).agrees)
    #expect(compare(attributions: truth.attributions(), with: truth).agrees)
  }

  @Test func anAbsentBucketIsOneOfZeros() {
    var published = truth.rollups()
    let key = RollupKey(view: "campaign", dimensions: ["c-9"], windowStart: 0)
    published[key] = RollupSums(modelCount: 2)
    #expect(compare(rollups: published, with: truth).agrees)
    published[key]?.clicks = 1
    let result = compare(rollups: published, with: truth)
    #expect(result.total == 1)
    #expect(
      result.discrepancies[0].description
        == #"campaign ["c-9"] 1970-01-01T00:00:00Z: clicks should be 0, is 1"#)
  }

  @Test func aMissingBucketIsReportedFieldByFieldUpToTheLimit() {
    let result = compare(rollups: [:], with: truth, limit: 3)
    #expect(result.discrepancies.count == 3)
    #expect(result.total > 3)
    #expect(result.description.hasSuffix("… and \(result.total - 3) more"))
    #expect(!result.description.contains("secret"))
  }

  @Test func timeDecayMayDifferByOneUnitPerShareAndOthersNotAtAll() throws {
    let key = RollupKey(view: "campaign", dimensions: ["c-1"], windowStart: minutes(10))
    func total(_ change: (inout RollupSums) -> Void) throws -> Int {
      var published = truth.rollups()
      change(&published[key]!)
      return compare(rollups: published, with: truth).total
    }
    #expect(try total { $0.credits[1] += 1 } == 0)
    #expect(try total { $0.credits[1] -= 2 } == 1)
    #expect(try total { $0.revenues[1] += 61 } == 0)
    #expect(try total { $0.revenues[1] += 62 } == 1)
    #expect(try total { $0.credits[0] += 1 } == 1)
    #expect(try total { $0.revenues[0] += 1 } == 1)
  }

  @Test func onlyTheModelsThatArePublishedAreCompared() {
    let published = truth.rollups().mapValues { sums in
      var sums = sums
      sums.credits = [sums.credits[1]]
      sums.revenues = [sums.revenues[1]]
      return sums
    }
    #expect(compare(rollups: published, with: truth, models: [.timeDecay]).agrees)
    #expect(!compare(rollups: published, with: truth, models: [.linear]).agrees)
  }

  @Test func attributionsDifferByRecordFieldTouchAndShare() {
    func lines(_ change: (inout [ByteString: OracleAttribution]) -> Void) -> [String] {
      var published = truth.attributions()
      change(&published)
      return compare(attributions: published, with: truth).discrepancies.map(\.description)
    }
    let missing = lines { $0["v-2"] = nil }
    #expect(missing == [#"conversion "v-2": the record should be present, is absent"#])
    let invented = lines { $0["v-3"] = $0["v-2"] }
    #expect(invented.count == 1)
    let user = lines { $0["v-1"]?.userID = "hidden" }
    #expect(user == [#"conversion "v-1": user should be the same, is another"#])
    let campaign = lines { $0["v-1"]?.touches[0].campaignID = "c-3" }
    #expect(campaign.count == 1)
    let order = lines { $0["v-1"]?.touches.swapAt(0, 1) }
    #expect(order.count == 1)
    let linear = lines { $0["v-1"]?.credits[0] = [499_999, 500_001] }
    #expect(
      linear == [
        "conversion \"v-1\": credit by linear (millionths) should be [500000, 500000], "
          + "is [499999, 500001]"
      ])
    // One unit of time decay may move, but none may appear.
    let moved = lines {
      $0["v-1"]?.credits[1][0] += 1
      $0["v-1"]?.credits[1][1] -= 1
    }
    #expect(moved == [])
    let appeared = lines { $0["v-1"]?.credits[1][0] += 1 }
    #expect(appeared.count == 1)
  }
}
