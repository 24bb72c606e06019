import Testing

@testable import Journeys

/// Chunks under two limits.
@Suite struct PackingTests {
  @Test(arguments: 0..<300)
  func bothLimitsHoldAndEveryJourneyIsInOneChunk(seed: UInt64) {
    var random = Numbers(state: seed)
    let maxJourneys = Int.random(in: 1...12, using: &random)
    let maxSessions = Int.random(in: 1...30, using: &random)
    let counts = (0..<Int.random(in: 0...120, using: &random)).map { _ in
      Bool.random(using: &random) ? 1 : Int.random(in: 1...maxSessions, using: &random)
    }
    let chunks = JourneyPacking.chunks(
      counts, maxJourneys: maxJourneys, maxSessions: maxSessions)
    for chunk in chunks {
      #expect((1...maxJourneys).contains(chunk.count))
      #expect(chunk.reduce(0) { $0 + counts[$1] } <= maxSessions)
    }
    #expect(chunks.flatMap { $0 }.sorted() == Array(counts.indices))
    #expect(
      chunks == JourneyPacking.chunks(counts, maxJourneys: maxJourneys, maxSessions: maxSessions))
    let least = JourneyPacking.lowerBound(
      counts, maxJourneys: maxJourneys, maxSessions: maxSessions)
    #expect(chunks.count >= least)
    // Best fit decreasing needs at most twice the sessions' bound, and the places once more.
    #expect(chunks.count <= 3 * least + 1)
  }

  @Test func journeysOfThreeAndOfOneShareTheirChunksEvenly() {
    let counts = Array(repeating: 3, count: 1_000) + Array(repeating: 1, count: 1_000)
    #expect(JourneyPacking.chunks(counts, maxJourneys: 100, maxSessions: 200).count == 20)
  }

  @Test func longJourneysArePairedWithThoseThatFit() {
    let counts = (0..<50).flatMap { [120 + $0 % 10, 80 - $0 % 10] }
    #expect(JourneyPacking.chunks(counts, maxJourneys: 100, maxSessions: 200).count == 50)
  }

  @Test func veryLargeChunksArePackedQuickly() {
    let counts = (0..<20_000).map { 1 + $0 % 10 }
    let chunks = JourneyPacking.chunks(counts, maxJourneys: 100_000, maxSessions: 100_000)
    #expect(chunks.count == 2)
  }

  @Test func usualJourneysNeedHardlyMoreChunksThanTheLeast() {
    var random = Numbers(state: 11)
    let counts = (0..<5_000).map { index in
      index % 2 == 0 ? 1 : 2 + Int.random(in: 0...5, using: &random)
    }
    let least = JourneyPacking.lowerBound(counts, maxJourneys: 100, maxSessions: 200)
    let chunks = JourneyPacking.chunks(counts, maxJourneys: 100, maxSessions: 200)
    #expect(chunks.count <= least + 1)
  }
}

/// SplitMix64.
struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
