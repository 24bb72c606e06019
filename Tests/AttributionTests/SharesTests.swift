import Testing
import Traffic

@testable import Attribution

/// Shares are exact: they sum to the whole, whatever the model and the number of touches.
@Suite struct SharesTests {
  @Test(arguments: Model.allCases)
  func creditsSumToOneAndRevenuesToTheValue(model: Model) {
    let seed = UInt64(6_180_339_887)
    var random = SeededRandom(seed: seed)
    var shares = Shares()
    for count in Array(1...200) + [1_000, 10_000] {
      let ages = (0..<count).map { _ in random.below(30 * 86_400_000) }.sorted(by: >)
      let values: [Micros] = [0, 1, 59_900_000, random.below(1 << 40), Int64.max]
      let value = values[Int(random.below(5))]
      let halfLife = 1 + random.below(14 * 86_400_000)
      shares.compute(
        model, count: count, value: value, halfLife: halfLife, age: { ages[$0] },
        isDirect: { $0 % 3 == 0 })
      var credit: Int64 = 0
      var revenue: Int64 = 0
      for index in 0..<count {
        #expect(shares.credits[index] >= 0 && shares.revenues[index] >= 0, "seed \(seed)")
        credit += shares.credits[index]
        revenue += shares.revenues[index]
      }
      #expect(credit == 1_000_000, "seed \(seed), \(count) touches")
      #expect(revenue == value, "seed \(seed), \(count) touches")
    }
  }

  @Test func unitsThatRemainGoToTheLaterTouches() {
    #expect(credits(.linear, 3) == [333_333, 333_333, 333_334])
    #expect(credits(.linear, 7) == [142_857, 142_857, 142_857, 142_857, 142_857, 142_857, 142_858])
    #expect(credits(.positionBased, 1) == [1_000_000])
    #expect(credits(.positionBased, 2) == [500_000, 500_000])
    #expect(credits(.positionBased, 5) == [400_000, 66_666, 66_667, 66_667, 400_000])
  }

  @Test func modelsPickTheTouchesTheyAreNamedFor() {
    #expect(credits(.firstTouch, 3) == [1_000_000, 0, 0])
    #expect(credits(.lastTouch, 3) == [0, 0, 1_000_000])
    #expect(credits(.lastNonDirect, 3, direct: [2]) == [0, 1_000_000, 0])
    #expect(credits(.lastNonDirect, 3, direct: [0, 1, 2]) == [0, 0, 1_000_000])
    #expect(credits(.timeDecay, 2, halfLife: 1_000) == [333_333, 666_667])
  }

  @Test func valuesAreSplitByTheLargestRemainder() {
    var shares = Shares()
    shares.compute(
      .linear, count: 3, value: 100, halfLife: 1, age: { _ in 0 }, isDirect: { _ in false })
    #expect((0..<3).map { shares.revenues[$0] } == [33, 33, 34])
  }

  /// Credits of touches a second apart.
  private func credits(
    _ model: Model, _ count: Int, direct: Set<Int> = [], halfLife: Milliseconds = 1_000
  ) -> [Int64] {
    var shares = Shares()
    shares.compute(
      model, count: count, value: 0, halfLife: halfLife,
      age: { Milliseconds(count - 1 - $0) * 1_000 }, isDirect: { direct.contains($0) })
    return (0..<count).map { shares.credits[$0] }
  }
}
