// Safety: names are lent from arrays that outlive the call.

import TestKit
import Testing

@testable import Attribution

/// Ids are told apart whoever chose them.
@Suite struct IdentityKeyTests {
  /// RFC 8439, section 2.3.2.
  @Test func theKeyStreamIsThatOfChaCha20() {
    let key: [UInt32] = [
      0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c, 0x1312_1110, 0x1716_1514, 0x1b1a_1918,
      0x1f1e_1d1c,
    ]
    let block = IdentitySecret.block(key: key, counter: 1, nonce: (0x0900_0000, 0x4a00_0000, 0))
    #expect(
      block == [
        0xe4e7_f110, 0x1559_3bd1, 0x1fdd_0f50, 0xc471_20a3, 0xc7f4_d1c7, 0x0368_c033, 0x9aaa_2204,
        0x4e6c_d4c3, 0x4664_82d2, 0x09aa_9f07, 0x05d7_c214, 0xa202_8bd9, 0xd19c_12b5, 0xb94e_16de,
        0xe883_d0cb, 0x4e3c_50a2,
      ])
  }

  @Test func aSecretHas32Bytes() {
    #expect(IdentitySecret([UInt8](repeating: 7, count: 31)) == nil)
    var random = SystemRandomNumberGenerator()
    #expect(IdentitySecret(using: &random) != IdentitySecret(using: &random))
  }

  @Test func hashesDependOnEveryByteTheLengthAndTheSecret() {
    let key = IdentityKey(.test)
    var seen: Set<UInt64> = []
    var lows: Set<UInt64> = []
    var count = 0
    for length in 0...300 {
      let text = [UInt8](repeating: 0, count: length)
      for position in stride(from: -1, to: length, by: 1) {
        var other = text
        if position >= 0 { other[position] = 1 }
        let hash = other.withUnsafeBytes { key.hash(BorrowedBytes($0)) }
        seen.insert(hash.high)
        lows.insert(hash.low)
        count += 1
      }
    }
    #expect(seen.count == count && lows.count == count)
    var random = SystemRandomNumberGenerator()
    let another = IdentityKey(IdentitySecret(using: &random))
    let text = Array("u-1".utf8)
    text.withUnsafeBytes {
      #expect(another.hash(BorrowedBytes($0)) != key.hash(BorrowedBytes($0)))
      #expect(IdentityKey(.test).hash(BorrowedBytes($0)) == key.hash(BorrowedBytes($0)))
    }
  }

  @Test func numberedIDsFallEverywhere() {
    let key = IdentityKey(.test)
    var buckets = [Int](repeating: 0, count: 1_024)
    for number in 0..<102_400 {
      let text = Array("k-\(number)".utf8)
      let hash = text.withUnsafeBytes { key.hash(BorrowedBytes($0)) }
      buckets[Int(hash.high >> 54)] += 1
    }
    // Of 100 expected, with a standard deviation of 10.
    #expect(buckets.allSatisfy { (45...160).contains($0) }, "\(buckets.min()!)…\(buckets.max()!)")
  }

  // MARK: Ids that were chosen against the former hash

  /// Texts that the hash without a secret takes for the same: a block of its own constants makes both of its
  /// products vanish, and what came before is forgotten.
  private func alike(_ number: UInt8) -> [UInt8] {
    var text = [UInt8](repeating: 0x61 + number, count: 16)
    for word: UInt64 in [0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB] {
      withUnsafeBytes(of: word.littleEndian) { text.append(contentsOf: $0) }
    }
    text.append(contentsOf: "the-end!".utf8)
    return text
  }

  private func lend(_ names: [[UInt8]], _ body: ([BorrowedBytes]) -> Void) {
    let all = names.flatMap { $0 }
    all.withUnsafeBytes { buffer in
      var start = 0
      body(
        names.map { name in
          defer { start += name.count }
          return BorrowedBytes(
            UnsafeRawBufferPointer(rebasing: buffer[start..<start + name.count]))
        })
    }
  }

  @Test func theyAreReallyAlike() {
    lend([alike(0), alike(1)]) { texts in
      #expect(Hash128(fingerprintOf: texts[0]) == Hash128(fingerprintOf: texts[1]))
      #expect(IdentityKey(.test).hash(texts[0]) != IdentityKey(.test).hash(texts[1]))
    }
  }

  private func touch(
    _ names: [BorrowedBytes], event: Int, user: Int, campaign: Int, session: Int, at time: Int64
  ) -> Event {
    Event(
      kind: .click, time: time, eventID: names[event], userID: names[user],
      campaignID: names[campaign], sessionID: names[session])
  }

  @Test func twoEventsWithSuchIDsAreBothCounted() {
    let task = AttributionTask(definitions: Definitions(), kinds: [.click], secret: .test)
    lend([alike(0), alike(1), Array("u".utf8)]) { names in
      let first = touch(names, event: 0, user: 2, campaign: 2, session: 2, at: 1)
      let second = touch(names, event: 1, user: 2, campaign: 2, session: 2, at: 2)
      #expect(task.apply(first) == .accepted)
      #expect(task.apply(second).isAccepted)
      #expect(task.apply(first) == .duplicate)
    }
  }

  @Test func twoUsersSessionsAndCampaignsWithSuchNamesAreTwo() {
    var definitions = Definitions()
    definitions.views = [
      View(name: "campaigns", dimensions: [.campaignID], periodMilliseconds: 300_000),
      View(name: "all", dimensions: [], periodMilliseconds: 300_000),
    ]
    let task = AttributionTask(definitions: definitions, kinds: [.click], secret: .test)
    lend([alike(0), alike(1)] + ["1", "2", "3", "4"].map { Array($0.utf8) }) { names in
      for (id, user, session) in [(2, 0, 0), (3, 0, 1), (4, 1, 0), (5, 1, 1)] {
        _ = task.apply(
          touch(names, event: id, user: user, campaign: session, session: session, at: 7))
      }
    }
    var found: [[Int64]] = []
    task.forEachDelta { found.append(Array($0.sums.prefix(4))) }
    // Per campaign two users with a session each; in all two users with two.
    #expect(found.sorted { $0[1] < $1[1] } == [[0, 2, 2, 2], [0, 2, 2, 2], [0, 4, 2, 4]])
  }

  @Test func campaignsThatShareAHashAreToldApartByTheirNames() {
    var table = DimensionTupleTable(definitions: Definitions(), key: IdentityKey(.test))
    let shared = Hash128(high: 7, low: 7)
    lend([Array("c-1".utf8), Array("c-2".utf8)]) { names in
      func intern(_ campaign: Int, _ bucket: UInt64) -> UInt32 {
        table.intern(
          shared,
          DimensionNames(campaign: names[campaign], channel: .empty, ad: .empty, values: .none),
          bucket: bucket)
      }
      let (first, second) = (intern(0, 1), intern(1, 2))
      #expect(first != second)
      #expect(intern(0, 1) == first && intern(1, 2) == second)
      #expect(table.name(first, slot: 0).string == "c-1")
      #expect(table.group(of: first, view: 0) != table.group(of: second, view: 0))
    }
  }
}
