import Attribution
import Reporting
import Testing

@Suite("Questions to the rollups")
struct RollupQueryTests {
  @Test("Sums over spans and names equal those of a plain loop over all rollups")
  func againstPlainLoop() throws {
    // One in eight beyond 64 bits, on either side.
    func wide(_ bits: UInt64) -> MicrosSum {
      bits % 8 == 0 ? MicrosSum(Int64(bitPattern: bits)) * 1_000 : MicrosSum(bits % 1_000)
    }
    var random = SplitMix(state: 7)
    var records: [Rollup] = []
    for _ in 0..<3_000 {
      let names = ["c-\(random.next() % 7)", "h-\(random.next() % 3)"]
      records.append(
        rollup(
          names, of: "both|ways", minute: Int64(random.next() % 200),
          clicks: Int64(random.next() % 100), linearRevenue: wide(random.next()),
          revision: Int64(random.next() % 5)))
    }
    let board = try board(records)
    var newest: [RollupKey: Rollup] = [:]
    for record in records
    where newest[record.key].map({ $0.revision < record.revision }) ?? true {
      newest[record.key] = record
    }
    #expect(board.count == newest.count)

    let range = 13 * minute..<170 * minute
    let spans = [13, 20, 60, 61, 130].map { Int64($0) * minute }
    for dimensions: [Dimension] in [[], [.campaignID], [.channel], [.campaignID, .channel]] {
      let rows = board.rows(
        RollupQuery(view: "both|ways", range: range, spans: spans, dimensions: dimensions))
      var expected: [[String]: RollupSums] = [:]
      for rollup in newest.values where range.contains(rollup.key.windowStart) {
        let span = spans.last { $0 <= rollup.key.windowStart }!
        let names = dimensions.map { rollup.key.dimensions[$0 == .campaignID ? 0 : 1] }
        expected["\(span)".asList + names, default: RollupSums(modelCount: 2)].add(rollup.sums)
      }
      let found = Dictionary(
        uniqueKeysWithValues: rows.map { ("\($0.start)".asList + $0.dimensions, $0.sums) })
      #expect(found == expected)
    }
  }

  @Test("Windows that are not closed stay out when only closed ones are wanted")
  func closedOnly() throws {
    let board = try board([
      rollup(["c-1"], minute: 0, clicks: 1), rollup(["c-1"], minute: 1, clicks: 10),
    ])
    let query = RollupQuery(view: "campaign", range: 0..<9 * minute, closedThrough: minute)
    #expect(board.rows(query).map(\.sums.clicks) == [1])
  }

  @Test("A correction of a final rollup tells what it was when it became final")
  func corrections() throws {
    let board = try board([
      rollup(["c-1"], minute: 0, clicks: 1, revision: 1),
      rollup(["c-1"], minute: 0, clicks: 5, isFinal: true, revision: 2),
      rollup(["c-1"], minute: 0, clicks: 6, isFinal: true, revision: 3),
      rollup(["c-1"], minute: 0, clicks: 8, isFinal: true, revision: 4),
      rollup(["c-1"], minute: 1, clicks: 100, isFinal: true),
    ])
    let corrections = try board.corrections(of: "campaign", in: 0..<9 * minute, limit: 10)
    #expect(corrections.map(\.before.clicks) == [5])
    #expect(corrections.map(\.after.clicks) == [8])
    #expect(corrections.map(\.revision) == [4])
    let row = board.rows(RollupQuery(view: "campaign", range: 0..<9 * minute))[0]
    #expect(row.sums.clicks == 108)
    #expect(row.before?.clicks == 105)
    #expect(board.correctionCount == 1)
  }

  @Test("Distinct counts are told of one rollup only")
  func distincts() throws {
    let board = try board([
      rollup(["c-1"], minute: 0, users: 3), rollup(["c-1"], minute: 1, users: 2),
    ])
    let one = board.rows(RollupQuery(view: "campaign", range: 0..<minute))[0]
    let two = board.rows(RollupQuery(view: "campaign", range: 0..<2 * minute))[0]
    #expect(one.value(of: .users, model: 0) == 3)
    #expect(two.value(of: .users, model: 0) == nil)
  }
}

extension String {
  fileprivate var asList: [String] { [self] }
}

/// Vigna's splitmix64 (https://prng.di.unimi.it/splitmix64.c).
private struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
