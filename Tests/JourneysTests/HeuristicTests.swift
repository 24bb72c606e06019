import Testing

@testable import Journeys

/// The split of our own.
@Suite struct HeuristicTests {
  @Test(arguments: 0..<100)
  func everyColumnSumsToExactlyOne(seed: UInt64) {
    var random = Numbers(state: seed)
    let count = seed % 10 == 0 ? 3_000 : Int.random(in: 1...40, using: &random)
    let sessions = (0..<count).map { index in
      Session(
        id: "s\(index)", time: Int64(index), channel: "c",
        hasHolderEngagement: .random(using: &random),
        hasCloserEngagement: .random(using: &random), isImpression: .random(using: &random))
    }
    let credits = HeuristicSplit.credits(sessions)
    for column in [\SessionCredit.initializer, \.holder, \.closer, \.ihc] {
      let millionths = credits.map { Int64(($0[keyPath: column] * 1e6).rounded()) }
      #expect(millionths.reduce(0, +) == 1_000_000)
      #expect(millionths.allSatisfy { $0 >= 0 })
    }
  }

  /// The example of docs/guides/journeys.md.
  @Test func theWorkedExampleIsRight() {
    let sessions = [
      Session(id: "s1", time: 0, channel: "display", isImpression: true),
      Session(id: "s2", time: 1, channel: "search", hasHolderEngagement: true),
      Session(id: "s3", time: 2, channel: "email"),
      Session(id: "s4", time: 3, channel: "direct", hasCloserEngagement: true),
    ]
    let credits = HeuristicSplit.credits(sessions)
    #expect(credits.map(\.initializer) == [0.363636, 0.363637, 0.181818, 0.090909])
    #expect(credits.map(\.holder) == [0, 0.666667, 0.333333, 0])
    #expect(credits.map(\.closer) == [0.022222, 0.088889, 0.177778, 0.711111])
    #expect(credits.map(\.ihc) == [0.154343, 0.314344, 0.210505, 0.320808])
  }

  @Test func aSingleSessionHasItAll() {
    let credit = HeuristicSplit.credits([Session(id: "s", time: 0, channel: "c")])
    #expect(
      credit == [SessionCredit(sessionID: "s", initializer: 1, holder: 1, closer: 1, ihc: 1)])
  }
}
