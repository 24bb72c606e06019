import Attribution
import Codec
import Testing
import Verification

/// Amounts that are as large as amounts may be add up exactly.
@Suite struct ExactSumTests {
  private let start: Milliseconds = 1_767_600_000_000
  private let largest: Micros = 1_000_000_000_000_000_000

  private func conversion(_ number: Int, of user: String = "u") -> OracleEvent {
    OracleEvent(
      kind: .conversion, time: start + 1_000 + Int64(number), amount: largest - Int64(number),
      eventID: "v-\(number)", userID: user)
  }

  private func click(_ id: String, cost: Micros) -> OracleEvent {
    OracleEvent(
      kind: .click, time: start, amount: cost, eventID: id, userID: "u", campaignID: "c-1",
      channel: "x")
  }

  private func check(_ engine: Engine, _ oracle: Oracle) {
    let rollups = compare(rollups: engine.sums, with: oracle)
    #expect(rollups.agrees, "\(rollups)")
    let attributions = compare(attributions: engine.attributions, with: oracle)
    #expect(attributions.agrees, "\(attributions)")
  }

  @Test(arguments: [1, 7, 1_000])
  func thirtyOfTheLargestAmountsAreWorthWhatTheyAre(commit: Int) {
    var definitions = Definitions.everything
    definitions.models = [.lastTouch, .linear]
    let engine = Engine(definitions)
    var oracle = Oracle(definitions: definitions)
    for number in 0..<30 {
      for event in [conversion(number), click("k-\(number)", cost: largest)] {
        engine.apply(event)
        oracle.add(event)
      }
      let cost = OracleEvent(
        kind: .cost, time: start, amount: largest, eventID: "x-\(number)", campaignID: "c-1")
      engine.apply(cost)
      oracle.add(cost)
      if number % commit == commit - 1 { engine.commit() }
    }
    engine.commit()
    check(engine, oracle)
    let spend = engine.sums.first { $0.key.view == "total_10s" }?.value.spend
    #expect(spend == 60 * MicrosSum(largest))
  }

  @Test func whatIsTakenBackLeavesNothing() {
    let definitions = Definitions()
    let engine = Engine(definitions)
    var oracle = Oracle(definitions: definitions)
    for number in 0..<25 {
      engine.apply(conversion(number))
      oracle.add(conversion(number))
    }
    engine.commit()
    let key = RollupKey(
      view: "campaign_5m", dimensions: [unattributedName], windowStart: start)
    #expect(engine.rollups[key]?.sums.revenues == [25 * MicrosSum(largest) - 300])
    // A late click earns all of them: a change of −25 × 10¹² units in one commit.
    engine.apply(click("k", cost: 0))
    oracle.add(click("k", cost: 0))
    engine.commit()
    #expect(engine.rollups[key]?.sums.isZero == true)
    check(engine, oracle)
  }

  @Test func aTableTakesBackWhatItPublished() throws {
    let codec = RollupCodec(definitions: Definitions())
    var sums = RollupSums(modelCount: 1)
    sums.spend = 12_345_678_901_234_567_890_123
    sums.revenues = [-(1 << 64)]
    let rollup = Rollup(
      key: RollupKey(view: "campaign_5m", dimensions: ["c"], windowStart: start),
      windowEnd: start + 300_000, sums: sums, revision: 3)
    var value: [UInt8] = []
    codec.encode(rollup, into: &value)
    #expect(
      String(decoding: value, as: UTF8.self).contains(#""spend":"12345678901234567.890123""#))
    let read = try codec.decode(value)
    #expect(read == rollup)

    let table = RollupTable(definitions: Definitions(), taskCount: 1)
    let name = Array("c".utf8)
    var published: [RollupSums] = []
    name.withUnsafeBytes { name in
      let names = BorrowedBytes(name)
      read.sums.withRow { row, wide in
        table.restore(
          RollupRevision(
            view: 0, windowStart: start, windowEnd: start + 300_000, names: names, sums: row,
            wideSums: wide, isFinal: false, number: 3))
      }
      // −2⁶⁴ + 2⁶³ − 1 fits 64 bits again.
      let change: [Int64] = [0, 0, 0, 0, -5, 0, .max]
      for _ in 0..<2 {
        change.withUnsafeBufferPointer { table.add($0, to: names, view: 0, windowStart: start) }
        table.publish { revision in
          published.append(
            RollupSums(columns: revision.sums.indices.map(revision.sum), modelCount: 1))
        }
      }
    }
    #expect(published.map(\.spend) == [sums.spend - 5, sums.spend - 10])
    #expect(
      published.map { $0.revenues[0] } == [-(1 << 64) + MicrosSum(Int64.max), -2])
  }

  @Test func partsOfALargeChangeAddUpToIt() {
    let change: [Int128] = [1, -2, 0, 7, 25 << 63, -(9 << 64), 5]
    var total = [Int128](repeating: 0, count: 7)
    var parts = 0
    RollupSums.forEachPart(of: change) { part in
      parts += 1
      for index in part.indices { total[index] += Int128(part[index]) }
    }
    #expect(total == change && parts > 1)
    RollupSums.forEachPart(of: [0, 0]) { #expect(Array($0) == [0, 0]) }
  }
}
