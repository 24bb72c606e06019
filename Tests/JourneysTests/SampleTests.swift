import Testing

@testable import Journeys

/// Samples to train a model with.
@Suite struct SampleTests {
  private static let journeys: [Journey] = {
    var random = Numbers(state: 3)
    return (0..<2_000).map { number in
      let channel = number % 40 == 0 ? "rare" : ["email", "search", "social"][number % 3]
      let length = number % 2 == 0 ? 1 : Int.random(in: 2...12, using: &random)
      return Journey.sample("c\(number)", sessions: length, channel: channel)
    }
  }()

  private func sample(
    _ journeys: [Journey] = journeys, size: Int, seed: UInt64
  ) throws -> (taken: [Journey], summary: String) {
    var sample = try TrainingSample(
      JourneyList(journeys), JourneySelection(), size: size, seed: seed)
    let taken = journeys.filter { sample.takes($0) }
    return (taken, sample.summary)
  }

  @Test(arguments: [1, 7, 40, 100, 333, 1_999, 2_000, 5_000])
  func aSampleHasTheSizeThatWasAskedFor(size: Int) throws {
    #expect(try sample(size: size, seed: 5).taken.count == min(size, 2_000))
  }

  @Test func theSeedDecidesAndTheOrderOfReadingDoesNot() throws {
    let ids = try sample(size: 200, seed: 5).taken.map(\.conversionID)
    #expect(try sample(size: 200, seed: 5).taken.map(\.conversionID) == ids)
    let reversed = try sample(Self.journeys.reversed(), size: 200, seed: 5).taken
    #expect(reversed.map(\.conversionID).sorted() == ids.sorted())
    let other = try sample(size: 200, seed: 6).taken.map(\.conversionID)
    #expect(Set(other).intersection(ids).count < 100)
  }

  @Test func everyStratumHasItsShare() throws {
    let taken = try sample(size: 400, seed: 9).taken
    func count(_ journeys: [Journey]) -> [TrainingSample.Stratum: Int] {
      journeys.reduce(into: [:]) { counts, journey in
        counts[
          TrainingSample.Stratum(
            length: TrainingSample.LengthClass(journey.sessions.count),
            channel: journey.sessions.last!.channel), default: 0] += 1
      }
    }
    let all = count(Self.journeys)
    let sampled = count(taken)
    #expect(all.count > 15)
    for (stratum, number) in all {
      let share = sampled[stratum] ?? 0
      #expect(share >= 1, "\(stratum)")
      #expect(abs(Double(share) - Double(number) / 5) <= 2, "\(stratum): \(share) of \(number)")
    }
  }

  @Test func theSummarySaysWhatTheSampleHoldsAndLacks() throws {
    let journeys =
      [Journey.sample("a", sessions: 1), Journey.sample("b", sessions: 1)]
      + [Journey.sample("c", sessions: 3, channel: "rare")]
    let summary = try sample(journeys, size: 1, seed: 1).summary
    #expect(
      summary == """
        1 of 3 journeys
          1 session: 1 of 2
          3 sessions: 0 of 1
        sessions by channel
          email: 1 of 2
          rare: 0 of 3
        gap: no session of channel rare
        gap: 1 of 2 strata (length and channel) have none
        gap: there are no journeys of 2 sessions
        gap: there are no journeys of 4 sessions
        gap: there are no journeys of 5-9 sessions
        gap: there are no journeys of 10+ sessions
        """)
  }
}
