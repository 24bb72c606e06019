import Attribution
import Testing
import Traffic

@Suite struct OracleModels {
  func times(_ count: Int) -> [Milliseconds] { (0..<count).map { minutes(Double($0)) } }

  @Test(arguments: [1, 2, 3, 4, 7])
  func firstAndLastTouchGiveEverythingToOneEnd(count: Int) {
    let zeros = Array(repeating: Int64(0), count: count - 1)
    #expect(credits(.firstTouch, clicksAt: times(count), at: minutes(9)) == [1_000_000] + zeros)
    #expect(credits(.lastTouch, clicksAt: times(count), at: minutes(9)) == zeros + [1_000_000])
  }

  @Test(
    arguments: [
      (1, [1_000_000]),
      (2, [500_000, 500_000]),
      (3, [333_333, 333_333, 333_334]),
      (4, [250_000, 250_000, 250_000, 250_000]),
      (7, [142_857, 142_857, 142_857, 142_857, 142_857, 142_857, 142_858]),
    ] as [(Int, [Int64])])
  func linearSharesEquallyAndGivesTheRestToLaterTouches(count: Int, expected: [Int64]) {
    #expect(credits(.linear, clicksAt: times(count), at: minutes(9)) == expected)
  }

  @Test(
    arguments: [
      (1, [1_000_000]),
      (2, [500_000, 500_000]),
      (3, [400_000, 200_000, 400_000]),
      (4, [400_000, 100_000, 100_000, 400_000]),
      (5, [400_000, 66_666, 66_667, 66_667, 400_000]),
      (7, [400_000, 40_000, 40_000, 40_000, 40_000, 40_000, 400_000]),
    ] as [(Int, [Int64])])
  func positionBasedGivesTheEndsFortyPercentEach(count: Int, expected: [Int64]) {
    #expect(credits(.positionBased, clicksAt: times(count), at: minutes(9)) == expected)
  }

  @Test func timeDecayHalvesTheWeightPerHalfLife() {
    // Weights 1 : 2 : 4 with a half-life of ten minutes.
    let shares = credits(
      .timeDecay, clicksAt: [0, minutes(10), minutes(20)], at: minutes(25), halfLife: minutes(10))
    #expect(shares == [142_857, 285_714, 571_429])
    #expect(credits(.timeDecay, clicksAt: [0], at: minutes(25)) == [1_000_000])
    let same = credits(.timeDecay, clicksAt: [0, 0, 0], at: minutes(25))
    #expect(same == [333_333, 333_333, 333_334])
  }

  @Test func timeDecaySurvivesWeightsThatVanish() {
    let shares = credits(.timeDecay, clicksAt: [0, 1], at: minutes(30), halfLife: 1)
    #expect(shares == [333_333, 666_667])
  }

  @Test func lastNonDirectSkipsDirectChannels() {
    let three = times(3)
    #expect(
      credits(
        .lastNonDirect, clicksAt: three, channels: ["email", "search", "direct"], at: minutes(9))
        == [0, 1_000_000, 0])
    #expect(
      credits(
        .lastNonDirect, clicksAt: three, channels: ["direct", "direct", "direct"], at: minutes(9))
        == [0, 0, 1_000_000])
    // A touch without a channel is not direct.
    #expect(
      credits(.lastNonDirect, clicksAt: three, channels: ["email", "", "direct"], at: minutes(9))
        == [0, 1_000_000, 0])
  }

  @Test func valueIsSplitByTheCreditsToTheLastMicro() {
    let clicks = (0..<3).map { click("k-\($0)", at: minutes(Double($0))) }
    func revenues(_ value: Micros) -> [[Micros]] {
      oracle(clicks + [conversion("v", at: minutes(9), value: value)]) {
        $0.models = [.linear, .positionBased]
      }.attributions()["v"]!.revenues
    }
    // 19,966,646.7 twice and 19,966,706.6: the two missing micros go to the larger remainders.
    #expect(
      revenues(59_900_000) == [
        [19_966_647, 19_966_647, 19_966_706], [23_960_000, 11_980_000, 23_960_000],
      ])
    // 0.333333 twice and 0.333334; 0.4, 0.2 and 0.4: the later of equals.
    #expect(revenues(1) == [[0, 0, 1], [0, 0, 1]])
    #expect(revenues(0) == [[0, 0, 0], [0, 0, 0]])
    #expect(
      revenues(.max)[0] == [
        3_074_454_271_160_912_984, 3_074_454_271_160_912_984, 3_074_463_494_532_949_839,
      ])
  }

  @Test func sharesSumExactlyForRandomJourneys() {
    let seed: UInt64 = 20_260_105
    var random = SeededRandom(seed: seed)
    for round in 0..<400 {
      let count = 1 + Int(random.below(12))
      let value = random.next() >> UInt64(1 + random.below(60))
      let clicks = (0..<count).map { index in
        click(
          "k-\(index)", at: random.below(1_800_000),
          channel: random.below(3) == 0 ? "direct" : "email")
      }
      let oracle = oracle(clicks + [conversion("v", at: 1_800_000, value: Micros(value))]) {
        $0.models = Model.allCases
        $0.halfLife = 1 + random.below(4_000_000)
      }
      let attribution = oracle.attributions()["v"]!
      #expect(attribution.touches.count == count, "seed \(seed), round \(round)")
      for (credits, revenues) in zip(attribution.credits, attribution.revenues) {
        #expect(credits.reduce(0, +) == 1_000_000, "seed \(seed), round \(round)")
        #expect(credits.allSatisfy { $0 >= 0 }, "seed \(seed), round \(round)")
        #expect(revenues.reduce(0, +) == Micros(value), "seed \(seed), round \(round)")
        #expect(revenues.allSatisfy { $0 >= 0 }, "seed \(seed), round \(round)")
      }
    }
  }
}
